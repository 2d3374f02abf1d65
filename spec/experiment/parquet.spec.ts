import fc from "fast-check";
import { parquetReadObjects } from "hyparquet";
import { expect, it } from "vitest";
import type { Datum } from "../../src/experiment/report/export/csv.ts";
import { toParquet } from "../../src/experiment/report/export/parquet.ts";

const column = fc.oneof(
  ...[fc.double(), fc.string({ unit: "grapheme" }), fc.boolean()].map((cell) => ({
    arbitrary: fc.array(fc.oneof<fc.Arbitrary<Datum>[]>(cell, fc.constant(undefined)), {
      minLength: 5,
      maxLength: 5,
    }),
    weight: 1,
  })),
);

it("holds every number to the bit, every text, and nothing as null", async () => {
  const columns = fc.array(column, { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(columns, async (data) => {
      const names = data.map((_, i) => `column ${i}`);
      const rows = Array.from({ length: 5 }, (_, row) => data.map((cells) => cells[row]));
      const bytes = await toParquet({ name: "table", columns: names, rows });
      const read = await parquetReadObjects({ file: bytes.slice().buffer });
      const expected = rows.map((row) =>
        Object.fromEntries(names.map((name, i) => [name, row[i] ?? null])),
      );
      expect(read.map((row) => ({ ...row }))).toEqual(expected);
    }),
    { numRuns: 200 },
  );
});

it("makes texts of a column of several kinds", async () => {
  const bytes = await toParquet({ name: "table", columns: ["a"], rows: [[1], ["x"], [undefined]] });
  const read = await parquetReadObjects({ file: bytes.slice().buffer });
  expect(read.map((row) => row["a"])).toEqual(["1", "x", null]);
});
