import { at, ofRank, sizeOf } from "../../../src/tensor/shapes.ts";
import type { Shape } from "../../../src/tensor/tensor.ts";
import {
  type Call,
  type Cell,
  eachLane,
  type Kernel,
  type Lowering,
  lanesFor,
  literal,
  resultOf,
  resultsOf,
} from "../kernel.ts";
import { recordAt, records } from "../rows/rows.ts";
import { matmul } from "./matmul.ts";

/** Queries of a sequence up to which a cell goes through the slots that they see and no others; more
 * share what they fetch in products with all slots. */
const FEW_QUERIES = 16;

type Ranges = Call<"rangeAttention">;

const [Q, K, V, SLOTS, POSITIONS] = [0, 1, 2, 3, 4];

/** Scores, then their largest and the sum of each row, then the mix. */
export const rangeAttention: Lowering<"rangeAttention"> = (call) => {
  const few = at(call.shape, 2) <= FEW_QUERIES;
  const scores = few ? [seenProducts(call)] : allProducts(call);
  // A kernel of a large product may make several results, which the next one joins.
  const made = scores.reduce((sum, kernel) => sum + resultsOf(kernel), 0);
  const result = resultOf(made - 1);
  const parts = partsOf(call, result);
  const sums = resultOf(made);
  if (few) return [...scores, parts, mixed(call, result, sums)];
  const weights = weightsOf(call, result, sums);
  return [...scores, parts, weights, ...allMixed(call, made + 2)];
};

/** The kernels of a product, with other inputs and after `before` results of others. */
function product(
  call: Ranges,
  [a, b, shape]: readonly [a: Shape, b: Shape, result: Shape],
  reads: readonly number[],
  { transposeB, before }: { readonly transposeB: boolean; readonly before: number },
): Kernel[] {
  const attrs = { transposeA: false, transposeB };
  const dtypes = ["float", "float"] as const;
  return matmul({ ...call, shapes: [a, b], dtypes, shape, attrs }).map((kernel) => ({
    ...kernel,
    reads: kernel.reads.map((read) => (read < 0 ? read - before : at(reads, read))),
  }));
}

/** [B, G, H/G · T, …] of queries, and of scores. */
function groupedShapes({ shapes }: Ranges): readonly [q: Shape, k: Shape, scores: Shape] {
  const [q = [], k = []] = shapes;
  const [B, H, T, D] = ofRank(4, q);
  const [G, S] = [at(k, 1), at(k, 2)];
  const rows = (H / G) * T;
  return [[B, G, rows, D], k, [B, G, rows, S]];
}

const allProducts = (call: Ranges): Kernel[] =>
  product(call, groupedShapes(call), [Q, K], { transposeB: true, before: 0 });

function allMixed(call: Ranges, before: number): Kernel[] {
  const [q, v, weights] = groupedShapes(call);
  return product(call, [weights, v, q], [resultOf(before - 1), V], { transposeB: false, before });
}

/** Where a query's range ends and how many slots it has behind that one. */
function rangeOf(
  cell: Cell,
  { shapes, shape, attrs: { window } }: Ranges,
  [slots, positions]: readonly [slots: number, positions: number],
  row: string,
  count: number,
): readonly [slot: string, behind: string] {
  const [, H, T] = ofRank(4, shape);
  const S = at(at(shapes, 1), 2);
  const [head, t] = cell.divide(row, T, count);
  const [b] = cell.divide(head, H, count);
  const place = cell.declare(`${b} * ${T} + ${t}`);
  const slot = cell.whole(cell.at(slots, place));
  const most = cell.declare(`Math.min(${cell.at(positions, place)}, ${slot})`);
  return [slot, cell.whole(`Math.min(${most}, ${(window ?? S) - 1})`)];
}

/** Queries of all heads. */
const rowsOf = (shape: Shape): number => sizeOf(shape.slice(0, 3));

/** The place of a query head's key/value head among all. */
function groupOf(cell: Cell, { shapes, shape }: Ranges, row: string): string {
  const [, H, T] = ofRank(4, shape);
  const G = at(at(shapes, 1), 1);
  const [head] = cell.divide(row, T, rowsOf(shape));
  return cell.divide(head, H / G, rowsOf(shape))[0];
}

/** Products of queries with the slots that they see; the others are not read. */
function seenProducts(call: Ranges): Kernel {
  const { shapes, shape, wide } = call;
  const D = at(shape, 3);
  const S = at(at(shapes, 1), 2);
  const lanes = lanesFor(wide, D);
  const groups = D / lanes;
  return {
    reads: [Q, K, SLOTS, POSITIONS],
    extent: [rowsOf(call.shape), S],
    lanes: 1,
    body(cell, row = "0", s = "0") {
      const [slot, behind] = rangeOf(cell, call, [2, 3], row, rowsOf(call.shape));
      const total = cell.variable("0");
      cell.when(`${s} <= ${slot} && ${s} >= ${slot} - ${behind}`, () => {
        const from = cell.declare(`(${groupOf(cell, call, row)} * ${S} + ${s}) * ${groups}`);
        cell.repeat(groups, (group) => {
          const q = cell.load(0, `${row} * ${groups} + ${group}`, lanes);
          const k = cell.load(1, `${from} + ${group}`, lanes);
          cell.run(`${total} += ${q.map((x, lane) => `${x} * ${k[lane]}`).join(" + ")};`);
        });
      });
      return [total];
    },
  };
}

/** A bounded score of a product. */
function scoreOf(cell: Cell, { attrs: { scale, softcap } }: Ranges, x: string): string {
  if (softcap === null) return `${literal(scale)} * ${x}`;
  const turned = cell.call("tanh", `${literal(scale)} * ${x} / ${literal(softcap)}`);
  return `${literal(softcap)} * ${turned}`;
}

/** Visits the scores that a row sees, in order. */
function overSeen(
  cell: Cell,
  call: Ranges,
  [slot, behind]: readonly [slot: string, behind: string],
  visit: (s: string) => void,
): void {
  const first = cell.declare(`${slot} - ${behind}`);
  cell.repeat(at(at(call.shapes, 1), 2), (i) => {
    cell.run(`if (${i} > ${behind}) { break; }`);
    visit(cell.declare(`${first} + ${i}`));
  });
}

/** The largest score of a row, and 1 over the sum of e to the scores less the largest. */
function partsOf(call: Ranges, scores: number): Kernel {
  const S = at(at(call.shapes, 1), 2);
  const count = rowsOf(call.shape);
  return records(call.wide, [SLOTS, POSITIONS, scores], count, 2, (cell, row) => {
    const range = rangeOf(cell, call, [0, 1], row, count);
    const score = (s: string) => scoreOf(cell, call, cell.at(2, `${row} * ${S} + ${s}`));
    const max = cell.variable(score(range[0]));
    overSeen(cell, call, range, (s) => {
      cell.run(`${max} = Math.max(${max}, ${cell.declare(score(s))});`);
    });
    const sum = cell.variable("0");
    overSeen(cell, call, range, (s) => {
      cell.run(`${sum} += ${cell.call("exp", `${cell.declare(score(s))} - ${max}`)};`);
    });
    return [max, `1 / ${sum}`];
  });
}

/** Weights of all slots, 0 where a query does not see. */
function weightsOf(call: Ranges, scores: number, parts: number): Kernel {
  const S = at(at(call.shapes, 1), 2);
  const count = rowsOf(call.shape);
  const lanes = lanesFor(call.wide, S);
  return {
    reads: [SLOTS, POSITIONS, scores, parts],
    extent: [count, S / lanes],
    lanes,
    body(cell, row = "0", group = "0") {
      const [slot, behind] = rangeOf(cell, call, [0, 1], row, count);
      const [max, over] = recordAt(cell, 3, row, 2);
      const products = cell.load(2, cell.index, lanes);
      return eachLane(lanes, (lane) => {
        const s = cell.declare(`${group} * ${lanes} + ${lane}`);
        const score = scoreOf(cell, call, at(products, lane));
        const weight = `${cell.call("exp", `${score} - ${max}`)} * ${over}`;
        return `${s} > ${slot} || ${s} < ${slot} - ${behind} ? 0 : ${weight}`;
      });
    },
  };
}

/** The values of the slots that a query sees, by their weights. */
function mixed(call: Ranges, scores: number, parts: number): Kernel {
  const { shapes, shape, wide } = call;
  const S = at(at(shapes, 1), 2);
  const D = at(shape, 3);
  const lanes = lanesFor(wide, D);
  const groups = D / lanes;
  return {
    reads: [V, SLOTS, POSITIONS, scores, parts],
    extent: [rowsOf(call.shape), groups],
    lanes,
    body(cell, row = "0", group = "0") {
      const range = rangeOf(cell, call, [1, 2], row, rowsOf(call.shape));
      const [max, over] = recordAt(cell, 4, row, 2);
      const from = cell.declare(`${groupOf(cell, call, row)} * ${S}`);
      const totals = Array.from({ length: lanes }, () => cell.variable("0"));
      overSeen(cell, call, range, (s) => {
        const score = scoreOf(cell, call, cell.at(3, `${row} * ${S} + ${s}`));
        const weight = cell.declare(cell.call("exp", `${score} - ${max}`));
        cell.load(0, `(${from} + ${s}) * ${groups} + ${group}`, lanes).forEach((value, lane) => {
          cell.run(`${totals[lane]} += ${weight} * ${value};`);
        });
      });
      return totals.map((total) => `${total} * ${over}`);
    },
  };
}
