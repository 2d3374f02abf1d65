import { existsSync, writeFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readBytes, writeFile as writeTexts } from "../../src/cli/terminal/files.ts";
import { DataError } from "../../src/tensor/errors.ts";

describe("readBytes(path, most)", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "files-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("reads a file whole, up to its limit and no further", async () => {
    const path = join(folder, "a");
    for (const length of [0, 1, 1000, 2 ** 20 + 7]) {
      const bytes = Uint8Array.from({ length }, (_, i) => i % 251);
      await writeFile(path, bytes);
      expect(Buffer.compare(await readBytes(path), bytes)).toBe(0);
      expect((await readBytes(path, length)).length).toBe(length);
      if (length > 0)
        await expect(readBytes(path, length - 1)).rejects.toThrow(
          new DataError(`${path}: expected at most ${length - 1} bytes, got more`),
        );
    }
  });

  it.runIf(existsSync("/dev/zero"))("leaves a file that never ends", async () => {
    await expect(readBytes("/dev/zero", 5_000_000)).rejects.toThrow(
      "/dev/zero: expected at most 5000000 bytes, got more",
    );
  });

  it("says of what is no file what the system says", async () => {
    await expect(readBytes(folder)).rejects.toThrow("expected a file to read, got a folder");
    await expect(readBytes(join(folder, "none"))).rejects.toThrow("got no such file");
  });
});

describe("writeFile(path, texts, signal, overwrite)", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "files-"));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const { signal } = new AbortController();

  it("of two that write one file leaves the first, unless it is to be replaced", async () => {
    const path = join(folder, "a");
    function* slow(): Generator<string> {
      writeFileSync(path, "first");
      yield "second";
    }
    await expect(writeTexts(path, slow(), signal, false)).rejects.toThrow(
      new DataError(`${path}: expected a new file, got one that was written meanwhile`),
    );
    expect(await readFile(path, "utf8")).toBe("first");
    expect(await writeTexts(path, slow(), signal, true)).toBe(true);
    expect(await readFile(path, "utf8")).toBe("second");
    expect(await readdir(folder)).toEqual(["a"]);
  });

  it("writes a new file whole, or nothing where the signal comes first", async () => {
    const path = join(folder, "sub", "b");
    expect(await writeTexts(path, ["1", "2"], AbortSignal.abort(), false)).toBe(false);
    expect(await readdir(join(folder, "sub"))).toEqual([]);
    expect(await writeTexts(path, ["1", "2"], signal, false)).toBe(true);
    expect(await readFile(path, "utf8")).toBe("12");
    expect(await readdir(join(folder, "sub"))).toEqual(["b"]);
  });
});
