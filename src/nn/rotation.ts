import { tensor } from "../tensor/apply.ts";
import {
  add,
  broadcastTo,
  concat,
  cos,
  div,
  exp,
  gather,
  less,
  log,
  maximum,
  mul,
  reshape,
  select,
  sin,
  slice,
  sub,
  toFloat,
} from "../tensor/ops.ts";
import { at } from "../tensor/shapes.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { FullConfig } from "./config.ts";
import { type RopeTables, rope, ropeTables } from "./rope.ts";
import { type DynamicScaling, type Rope, scalingByLength } from "./ropeScaling.ts";

/** Turns one layer's heads [B, n, T, D] by their positions. */
export type Rotate = (x: Tensor, layer: number) => Tensor;

/** Where tokens stand in their sequences. */
export interface Places {
  /** int [B, T], below `rows`. */
  readonly positions: Tensor;
  /** Bound of the positions. */
  readonly rows: number;
  /** Of each token's sequence, float [B, T] or [B, 1]; read where angles depend on it. */
  readonly lengths: () => Tensor;
}

/** A model's rotary positions. */
export interface Rotation {
  /** Whether the same token turns otherwise in longer sequences, of up to so many tokens. */
  varies(longest: number): boolean;
  /** Of tokens that stand at the positions 0 … T−1 of sequences of T tokens. */
  inOrder(T: number): Rotate;
  /** Of tokens that stand anywhere. */
  placed(places: Places): Rotate;
}

/** Tables are made once for each length, so that all uses in a graph share them. */
export function rotationOf(config: FullConfig): Rotation {
  const { ropeTheta: theta, ropeScaling: scaling, rotaryChannels: d } = config;
  const full: Rope = { theta, scaling };
  const ropes = { full, sliding: config.slidingRope ?? full };
  const tablesOf = rememberTables(d);
  /** Each kind of layer gets its tables once. */
  const rotate = (turnBy: (rope: Rope) => (x: Tensor) => Tensor): Rotate => {
    if (config.positions === "learned") return (x) => x;
    const turnFull = turnBy(ropes.full);
    const turnSliding = ropes.sliding === full ? turnFull : turnBy(ropes.sliding);
    return (x, layer) => {
      if (!at(config.ropeLayers, layer)) return x;
      const turn = at(config.layerTypes, layer) === "sliding" ? turnSliding : turnFull;
      return leading(x, d, turn);
    };
  };
  return {
    varies: (longest) =>
      config.positions === "rotary" &&
      [ropes.full, ropes.sliding].some((each) => scalingByLength(each, longest) !== null),
    inOrder: (T) =>
      rotate((each) => {
        const tables = tablesOf(each, T, T);
        return (x) => rope(x, tables);
      }),
    placed: (places) => rotate((each) => turnRows(placedTables(each, d, places, tablesOf))),
  };
}

type TablesOf = (rope: Rope, rows: number, length: number) => RopeTables;

function rememberTables(d: number): TablesOf {
  const made = new Map<string, RopeTables>();
  return (each, rows, length) => {
    const name = JSON.stringify([each, rows, length]);
    const tables = made.get(name) ?? ropeTables(rows, d, each.theta, each.scaling, length);
    made.set(name, tables);
    return tables;
  };
}

/** Applies f to the first d channels of x [..., D]; the others pass. */
function leading(x: Tensor, d: number, f: (x: Tensor) => Tensor): Tensor {
  const D = at(x.shape, x.shape.length - 1);
  if (d === D) return f(x);
  const rows = x.shape.slice(0, -1);
  const zeros = rows.map(() => 0);
  const first = slice(x, [...zeros, 0], [...rows, d]);
  return concat([f(first), slice(x, [...zeros, d], [...rows, D - d])], -1);
}

/** Turns x [B, n, T, d] by tables [B, T, d/2]. */
function turnRows(tables: RopeTables): (x: Tensor) => Tensor {
  return (x) => {
    const [B, n, T, d] = x.shape as [number, number, number, number];
    const perHead = (table: Tensor) =>
      reshape(broadcastTo(reshape(table, [B, 1, T, d / 2]), [B, n, T, d / 2]), [B * n * T, d / 2]);
    const all = { cos: perHead(tables.cos), sin: perHead(tables.sin) };
    return reshape(rope(reshape(x, [B * n * T, d]), all), x.shape);
  };
}

/** Tables [B, T, d/2], a row for each token. */
function placedTables(
  each: Rope,
  d: number,
  { positions, rows, lengths }: Places,
  tablesOf: TablesOf,
): RopeTables {
  const of = ({ cos, sin }: RopeTables): RopeTables => ({
    cos: gather(cos, positions),
    sin: gather(sin, positions),
  });
  const short = of(tablesOf(each, rows, 1));
  const scaling = scalingByLength(each, rows);
  if (!scaling) return short;
  const known = lengths();
  const perToken = reshape(known, [...known.shape, 1]); // [B, T or 1, 1]
  const isLong = less(scaling.originalLength, perToken);
  const long =
    scaling.type === "longrope"
      ? of(tablesOf(each, rows, rows))
      : dynamicTables(each.theta, scaling, d, toFloat(positions), perToken);
  return { cos: select(isLong, long.cos, short.cos), sin: select(isLong, long.sin, short.sin) };
}

/** The tables of dynamic scaling beyond originalLength: [B, T] and [B, T or 1, 1] → [B, T, d/2]. */
function dynamicTables(
  theta: number,
  { factor, originalLength }: DynamicScaling,
  d: number,
  positions: Tensor,
  lengths: Tensor,
): RopeTables {
  const stretch = sub(
    div(mul(maximum(lengths, originalLength), factor), originalLength),
    factor - 1,
  );
  const logTheta = add(mul(log(stretch), d / (d - 2)), Math.log(theta));
  const exponents = tensor([[Array.from({ length: d / 2 }, (_, i) => (-2 * i) / d)]]); // [1, 1, d/2]
  const angles = mul(reshape(positions, [...positions.shape, 1]), exp(mul(logTheta, exponents)));
  return { cos: cos(angles), sin: sin(angles) };
}
