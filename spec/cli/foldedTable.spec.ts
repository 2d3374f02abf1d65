import * as fc from "fast-check";
import { expect, it } from "vitest";
import { type ColumnGroup, foldedTable } from "../../src/cli/terminal/table.ts";

const cell = fc.stringMatching(/^[a-z0-9]{1,9}$/);
const tables = fc.integer({ min: 1, max: 5 }).chain((rows) => {
  const column = fc.array(cell, { minLength: rows + 1, maxLength: rows + 1 });
  const group: fc.Arbitrary<ColumnGroup> = fc.record({
    title: cell,
    columns: fc.array(column, { minLength: 1, maxLength: 3 }),
  });
  return fc.tuple(column, fc.array(group, { minLength: 1, maxLength: 12 }));
});

it("foldedTable(labels, groups) shows every cell once, in 80 columns, beside its label", () => {
  fc.assert(
    fc.property(tables, ([labels, groups]) => {
      const blocks = foldedTable(labels, groups).split("\n\n");
      const shown = blocks.map((block) => {
        for (const line of block.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
        const [, head, , ...rest] = block.split("\n");
        return [head, ...rest.slice(0, -1)].map((line) => line?.split(/ +/) ?? []);
      });
      labels.forEach((label, l) => {
        for (const lines of shown) expect(lines[l]?.[0]).toBe(label);
        expect(shown.flatMap((lines) => lines[l]?.slice(1))).toEqual(
          groups.flatMap(({ columns }) => columns.map((column) => column[l])),
        );
      });
    }),
  );
});
