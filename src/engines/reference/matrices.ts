import { last, ofRank, sizeOf } from "../../tensor/shapes.ts";
import { type Compute, lengthOfLast, type Operand, read } from "./rows.ts";

type Pair = readonly [Operand, Operand];

export const matmul: Compute<"matmul"> = (out, inputs, { transposeA, transposeB }, shape) => {
  const [a, b] = inputs as Pair;
  const [m, n] = ofRank(2, shape.slice(-2));
  const k = last(a.shape, transposeA ? 2 : 1);
  for (let batch = 0; batch < sizeOf(shape.slice(0, -2)); batch++)
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let total = 0;
        for (let l = 0; l < k; l++) {
          const x = read(a.data, batch * m * k + (transposeA ? l * m + i : i * k + l));
          const y = read(b.data, batch * k * n + (transposeB ? j * k + l : l * n + j));
          total += x * y;
        }
        out[(batch * m + i) * n + j] = total;
      }
};

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
