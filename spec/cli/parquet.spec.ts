import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { guardedParquet } from "../../src/cli/terminal/parquet.ts";
import { DataError } from "../../src/tensor/errors.ts";

describe("guardedParquet(signal, deadline)", () => {
  const noParquet = new TextEncoder().encode("PAR1 and nothing more PAR1");

  it("says what the reader says of a file that is none", async () => {
    await expect(guardedParquet()(noParquet)).rejects.toThrow(DataError);
  });

  const columnData = [{ name: "x", data: [1, 2, 3], type: "INT32" as const }];
  const file = new Uint8Array(parquetWriteBuffer({ columnData }));

  it("reads a file's rows", async () => {
    expect(await guardedParquet()(file)).toEqual([{ x: 1 }, { x: 2 }, { x: 3 }]);
  });

  it("gives up at its deadline, and when it is told to", async () => {
    const late = guardedParquet(undefined, 0)(file);
    await expect(late).rejects.toThrow("nothing that can be read within 0 seconds");
    const stopped = new AbortController();
    const reading = guardedParquet(stopped.signal)(file);
    stopped.abort();
    await expect(reading).rejects.toBe(stopped.signal.reason);
  });
});
