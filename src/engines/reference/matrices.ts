import { last, ofRank, sizeOf } from "../../tensor/shapes.ts";
import type { TypedArray } from "../../tensor/tensor.ts";
import { type Compute, lengthOfLast, type Operand, read } from "./rows.ts";

type Pair = readonly [Operand, Operand];

export const matmul: Compute<"matmul"> = (out, inputs, { transposeA, transposeB }, shape) => {
  const [a, b] = inputs as Pair;
  const [m, n] = ofRank(2, shape.slice(-2));
  const k = last(a.shape, transposeA ? 2 : 1);
  for (let batch = 0; batch < sizeOf(shape.slice(0, -2)); batch++) {
    const rows = rowsOf(a.data, batch * m * k, [m, k], transposeA);
    const columns = rowsOf(b.data, batch * k * n, [n, k], !transposeB);
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let total = 0;
        for (let l = 0; l < k; l++)
          total += (rows[i * k + l] as number) * (columns[j * k + l] as number);
        out[(batch * m + i) * n + j] = total;
      }
  }
};

/**
 * What is multiplied, side by side and of one type: read from where it stands, it takes ten times
 * as long.
 */
function rowsOf(
  data: TypedArray,
  from: number,
  [count, k]: readonly [number, number],
  isTurned: boolean,
): Float64Array {
  const rows = new Float64Array(count * k);
  for (let i = 0; i < count; i++)
    for (let l = 0; l < k; l++)
      rows[i * k + l] = read(data, from + (isTurned ? l * count + i : i * k + l));
  return rows;
}

/** Rows outside the table are zeros. */
export const gather: Compute<"gather"> = (out, inputs) => {
  const [table, ids] = inputs as Pair;
  const C = lengthOfLast(table.shape);
  ids.data.forEach((id, row) => {
    for (let c = 0; c < C; c++) out[row * C + c] = table.data[id * C + c] ?? 0;
  });
};

/** Updates outside the table are dropped. */
export const scatterAdd: Compute<"scatterAdd"> = (out, inputs, { rows }) => {
  const [ids, updates] = inputs as Pair;
  const C = lengthOfLast(updates.shape);
  out.fill(0);
  ids.data.forEach((id, row) => {
    if (id < 0 || id >= rows) return;
    for (let c = 0; c < C; c++)
      out[id * C + c] = read(out, id * C + c) + read(updates.data, row * C + c);
  });
};

/** Rows for ids outside the table are dropped. */
export const scatterRows: Compute<"scatterRows"> = (out, inputs) => {
  const [x, ids, rows] = inputs;
  const [V, C] = ofRank(2, x.shape.slice(-2));
  const R = lengthOfLast(ids.shape);
  out.set(x.data);
  ids.data.forEach((id, row) => {
    if (id < 0 || id >= V) return;
    const to = (Math.floor(row / R) * V + id) * C;
    for (let c = 0; c < C; c++) out[to + c] = read(rows.data, row * C + c);
  });
};
