import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { readParquet } from "../../src/text/parquet/read.ts";
import { attack, mutants, mutate } from "./mutants.ts";

type Written = Parameters<typeof parquetWriteBuffer>[0];

/** More rows would be read longer, by nothing else: they reach over several groups, pages and runs. */
const numbers = Array.from({ length: 24 }, (_, i) => i);
const words = numbers.map((i) => `row ${i % 7} ${"x".repeat(i)}`);
const nullable = words.map((word, i) => (i % 3 === 0 ? null : word));

/** Columns of every kind that a file of rows has. */
const columns: Written["columnData"] = [
  { name: "text", data: words, type: "STRING" },
  { name: "some", data: nullable, type: "STRING", nullable: true },
  { name: "whole", data: numbers.map(BigInt), type: "INT64" },
  { name: "small", data: numbers, type: "INT32", encoding: "DELTA_BINARY_PACKED" },
  { name: "real", data: numbers.map((i) => i / 8), type: "DOUBLE", encoding: "BYTE_STREAM_SPLIT" },
  { name: "flag", data: numbers.map((i) => i % 5 > 1), type: "BOOLEAN" },
  { name: "runs", data: numbers.map((i) => i > 12), type: "BOOLEAN", encoding: "RLE" },
  { name: "lengths", data: words, type: "STRING", encoding: "DELTA_LENGTH_BYTE_ARRAY" },
  { name: "ends", data: words, type: "STRING", encoding: "DELTA_BYTE_ARRAY" },
  { name: "same", data: words.map((_, i) => `${i > 18}`), type: "STRING" },
  { name: "nested", data: numbers.map((i) => ({ role: "user", turns: [i, i + 1] })) },
];

const written = (options: Omit<Written, "columnData">): Uint8Array =>
  new Uint8Array(parquetWriteBuffer({ columnData: columns, ...options }));

const files: Readonly<Record<string, Uint8Array>> = {
  plain: written({ codec: "UNCOMPRESSED" }),
  snappy: written({ codec: "SNAPPY" }),
  "groups and pages": written({ codec: "SNAPPY", rowGroupSize: 7, pageSize: 64 }),
};

const shown = (rows: unknown): string =>
  JSON.stringify(rows, (_, value) => (typeof value === "bigint" ? `${value}n` : value));

it("Parquet without rows is read", async () => {
  const columnData = [{ name: "text", data: [], type: "STRING" as const }];
  expect(await readParquet(new Uint8Array(parquetWriteBuffer({ columnData })))).toEqual([]);
});

describe.each(Object.entries(files))("Parquet, %s", (_, file) => {
  it("is read as it was written", async () => {
    const rows = await readParquet(file);
    expect(shown(rows)).toBe(
      shown(
        numbers.map((i) => Object.fromEntries(columns.map(({ name, data }) => [name, data[i]]))),
      ),
    );
  });

  it("with changed bytes is refused by a DataError, or has as many rows as it can hold", async () => {
    const { fault, refused } = await attack(
      mutants(300, Object.keys(files).length),
      (roll) => mutate(file, roll),
      async (bytes) => {
        const rows = await readParquet(bytes);
        return Array.isArray(rows) && rows.length <= 2 ** 20 + 64 * bytes.length;
      },
    );
    expect(fault).toBeUndefined();
    expect(refused).toBeGreaterThan(0);
  });
});
