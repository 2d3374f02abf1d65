import { around } from "../../../src/tensor/shapes.ts";
import {
  type Call,
  type Cell,
  type DeviceTraits,
  type Kernel,
  type Lanes,
  type Lowering,
  lanesFor,
  resultOf,
} from "../kernel.ts";
import { byWorkgroups, rowSums } from "./rows.ts";

/** Where cells are few, a sum of so many terms is taken in two steps. */
const MANY_TERMS = 64;

export const sum: Lowering<"sum"> = (call) => {
  const { attrs, wide, cells } = call;
  const [x = []] = call.shapes;
  const { outer, n: length, inner } = around(x, attrs.axis);
  if (inner > 1 && outer === 1)
    return columnSums(call, length, inner, {
      reads: [0],
      before: 0,
      term: (cell, _, place, lanes) => cell.load(0, place, lanes),
    });
  if (inner > 1) return [sumAxis(wide, outer, length, inner, 0)];
  if (call.shares && length % 4 === 0 && length >= MANY_TERMS && outer < cells)
    return sharedSums(call, outer, length);
  const chunk = length >= MANY_TERMS && outer < cells ? chunkOf(length) : length;
  if (chunk === length) return [sumRows(wide, outer, length, length, 0)];
  const chunks = Math.ceil(length / chunk);
  return [
    sumRows(wide, outer, length, chunk, 0),
    sumRows(wide, outer, chunks, chunks, resultOf(0)),
  ];
};

/** Workgroups that keep a large GPU busy, and numbers that are worth one. */
const BUSY = 256;
const WORTH = 4096;

/**
 * Sums of the rows of [outer, length] by workgroups: of a few long ones by several each, whose sums
 * are added up.
 */
function sharedSums(call: Call<"sum">, outer: number, length: number): readonly Kernel[] {
  let parts = 1;
  while (outer * parts < BUSY && length % (8 * parts) === 0 && length / parts >= 2 * WORTH)
    parts *= 2;
  const sums = (count: number, numbers: number): readonly Kernel[] => {
    const lanes = lanesFor(true, numbers);
    const rows = { count, lanes, groups: numbers / lanes };
    const body: Kernel["body"] = (cell, row = "0") =>
      rowSums(cell, rows, row, { reads: [0] }, ([sum], _, x = []) =>
        cell.run(`${sum} += ${x.join(" + ")};`),
      );
    const kernel: Kernel = { reads: [0], extent: [count], lanes: 1, body };
    return byWorkgroups({ ...call, shapes: [[count, numbers]] }, rows, kernel);
  };
  const first = sums(outer * parts, length / parts);
  if (parts === 1) return first;
  return [...first, ...sums(outer, parts).map((kernel) => ({ ...kernel, reads: [resultOf(0)] }))];
}

/** About √length, a multiple of 4. */
const chunkOf = (length: number): number => 4 * Math.ceil(Math.sqrt(length) / 4);

/** Sums of each `chunk` numbers of the rows of [outer, length]: [outer, ⌈length / chunk⌉]. */
function sumRows(
  wide: boolean,
  outer: number,
  length: number,
  chunk: number,
  read: number,
): Kernel {
  const lanes = lanesFor(wide, length, chunk);
  const [all, some] = [length / lanes, chunk / lanes];
  return {
    reads: [read],
    extent: [outer, Math.ceil(length / chunk)],
    lanes: 1,
    body(cell, row = "0", part = "0") {
      const total = cell.variable("0");
      const from = cell.declare(`${part} * ${some}`);
      cell.repeat(some, (k) => {
        if (all % some !== 0) cell.run(`if (${from} + ${k} >= ${all}) { break; }`);
        const x = cell.load(0, `${row} * ${all} + ${from} + ${k}`, lanes);
        cell.run(`${total} += ${x.join(" + ")};`);
      });
      return [total];
    },
  };
}

/** [outer, length, inner] → [outer, inner]. */
export function sumAxis(
  wide: boolean,
  outer: number,
  length: number,
  inner: number,
  read: number,
): Kernel {
  const lanes = lanesFor(wide, inner);
  const groups = inner / lanes;
  return {
    reads: [read],
    extent: [outer, groups],
    lanes,
    body(cell, block = "0", group = "0") {
      const totals = variables(cell, lanes);
      const from = cell.declare(`${block} * ${length * groups} + ${group}`);
      cell.repeat(length, (k) =>
        accumulate(cell, totals, cell.load(0, `${from} + ${k} * ${groups}`, lanes)),
      );
      return totals;
    },
  };
}

const variables = (cell: Cell, lanes: Lanes): string[] =>
  Array.from({ length: lanes }, () => cell.variable("0"));

function accumulate(cell: Cell, totals: readonly string[], terms: readonly string[]): void {
  for (const [lane, total] of totals.entries()) cell.run(`${total} += ${terms[lane]};`);
}

/** What is summed down a column: a number for each place of [rows, columns]. */
interface ColumnTerm {
  readonly reads: readonly number[];
  /** Kernels of the operation that come before these. */
  readonly before: number;
  term(cell: Cell, row: string, place: string, lanes: Lanes): readonly string[];
}

/** Σ over the rows of [rows, columns] → [columns]. */
export function columnSums(
  { wide, cells }: Pick<DeviceTraits, "wide" | "cells">,
  rows: number,
  columns: number,
  { reads, before, term }: ColumnTerm,
): Kernel[] {
  const lanes = lanesFor(wide, columns);
  const groups = columns / lanes;
  const chunk = rows >= MANY_TERMS && groups < cells ? chunkOf(rows) : rows;
  const parts = Math.ceil(rows / chunk);
  const first: Kernel = {
    reads,
    extent: [parts, groups],
    lanes,
    body(cell, part = "0", group = "0") {
      const totals = variables(cell, lanes);
      cell.repeat(chunk, (k) => {
        const row = cell.declare(`${part} * ${chunk} + ${k}`);
        if (rows % chunk !== 0) cell.run(`if (${row} >= ${rows}) { break; }`);
        const place = cell.declare(`${row} * ${groups} + ${group}`);
        accumulate(cell, totals, term(cell, row, place, lanes));
      });
      return totals;
    },
  };
  return parts === 1 ? [first] : [first, sumAxis(wide, 1, parts, columns, resultOf(before))];
}
