import { full } from "../tensor/apply.ts";
import {
  add,
  broadcastTo,
  div,
  less,
  matmul,
  mul,
  select,
  sqrt,
  square,
  sub,
  sum,
  transpose,
} from "../tensor/ops.ts";
import { answered, expectKnown } from "../tensor/options.ts";
import { at } from "../tensor/shapes.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { entries } from "../tensor/tree.ts";
import { type AdamwOptions, type AdamwState, adamw } from "./adamw.ts";
import { FAR, LARGEST } from "./clip.ts";
import { mapTensors, type Optimizer, type TensorTree } from "./optimizer.ts";
import { expectDecay, expectFloats, expectShare, scheduleOf } from "./settings.ts";

/** Rates, momentum and decay of `muon`; b1, b2 and epsilon are those of AdamW for what is no matrix. */
export interface MuonOptions extends AdamwOptions {
  /** Decay of the mean of matrices' gradients; 0.95 by default. */
  readonly momentum?: number;
  /** Whether to follow the gradient where that mean leads; true by default. */
  readonly nesterov?: boolean;
  /**
   * Which parameters of two axes are trained as matrices, by their path in the tree. By default all but
   * embeddings and heads, whose rows are tokens of their own: paths with `embed` or `lm_head`.
   */
  readonly matrices?: (name: string, param: Tensor) => boolean;
}

/** Steps done (scalar), mean gradients of the matrices by their path, and AdamW's state of the rest. */
export type MuonState = {
  readonly step: Tensor;
  readonly momentum: Readonly<Record<string, Tensor>>;
  readonly rest: AdamwState;
};

type Named = Readonly<Record<string, Tensor>>;

/** Of the polynomial that takes singular values towards 1, and how often it is applied. */
const [A, B, C] = [3.4445, -4.775, 2.0315] as const;
const TIMES = 5;
/** Keeps the division finite. */
const LEAST = 1e-7;
/** Root mean square of what AdamW's steps are, in learning rates. */
const ADAMW_SIZE = 0.2;

/**
 * Muon: matrices move along their momentum with all singular values near 1, so that no direction of
 * it is lost to a few large ones; the rest by `adamw`. m ← momentum · m + (1 − momentum) · g, d =
 * m, or with nesterov momentum · m + (1 − momentum) · g, and update = −rate · (0.2 · √max(rows,
 * columns) · O(d) + weightDecay · p), where O is five times X ← 3.4445 X − 4.775 X Xᵀ X + 2.0315 (X
 * Xᵀ)² X from X = d / ‖d‖: singular values between 0.7 and 1.2 where they were not tiny beside the
 * others. By that size a learning rate of AdamW's serves both. It keeps one number for each of a
 * matrix; a step takes 15 products of each with its own shorter side.
 * @throws TypeError for an option that is none of these; RangeError unless 0 ≤ momentum < 1, and as
 *   `adamw` for the others
 * @see https://kellerjordan.github.io/posts/muon (Jordan et al., 2024); for its size arXiv 2502.16982, 2.2
 * @example muon({ learningRate: 1e-3, weightDecay: 0.1 })
 */
export function muon(options: MuonOptions): Optimizer<MuonState> {
  expectKnown("muon", options, [
    ...(["learningRate", "momentum", "nesterov", "matrices", "weightDecay", "decays"] as const),
    ...(["b1", "b2", "epsilon"] as const),
  ]);
  const { momentum = 0.95, nesterov = true, matrices = isHidden, ...others } = options;
  const { weightDecay = 0.01, decays = () => true } = others;
  expectShare("muon", "momentum", momentum);
  expectDecay("muon", weightDecay);
  if (typeof nesterov !== "boolean")
    throw new TypeError(`muon: expected nesterov to be true or false, got ${nesterov}`);
  for (const [name, value] of Object.entries({ matrices, decays }))
    if (typeof value !== "function")
      throw new TypeError(`muon: expected ${name} to be a function, got ${value}`);
  const schedule = scheduleOf(others.learningRate);
  const forRest = adamw(others);
  const isMatrix = (name: string, param: Tensor): boolean =>
    param.shape.length === 2 && answered("muon matrices", matrices(name, param));

  /** By their paths: matrices, and the rest; `like` says which is which. */
  function parted(tree: TensorTree, like: TensorTree): readonly [Named, Named] {
    const [inside, outside]: [[string, Tensor][], [string, Tensor][]] = [[], []];
    const params = entries<Tensor>(like);
    const names = new Set<string>();
    for (const [i, [name, value]] of entries<Tensor>(tree).entries()) {
      // A name may have a dot in it, and then be another's path.
      if (names.has(name))
        throw new TypeError(`muon: expected parameters of different paths, got ${name} twice`);
      names.add(name);
      (isMatrix(name, at(params, i)[1]) ? inside : outside).push([name, value]);
    }
    return [Object.fromEntries(inside), Object.fromEntries(outside)];
  }

  return {
    init(params) {
      const tree = params as TensorTree;
      expectFloats("muon", tree);
      const [inside, outside] = parted(tree, tree);
      return {
        step: full([], 0),
        momentum: mapTensors((p) => full(p.shape, 0), inside),
        rest: forRest.init(outside),
      };
    },
    update(grads, state, params) {
      const tree = params as TensorTree;
      const [inside, outside] = parted(tree, tree);
      const [gradients, restGradients] = parted(grads as TensorTree, tree);
      const rate = sub(0, schedule(state.step));
      const mean = (m: Tensor, g: Tensor): Tensor => add(mul(m, momentum), mul(g, 1 - momentum));
      const next: [string, Tensor][] = [];
      const [restUpdates, rest] = forRest.update(restGradients, state.rest, outside);
      const updates = new Map(Object.entries(restUpdates));
      for (const [name, p] of Object.entries(inside)) {
        const gradient = leafOf(gradients, name);
        const m = mean(leafOf(state.momentum, name), gradient);
        next.push([name, m]);
        const direction = orthogonal(nesterov ? mean(m, gradient) : m);
        const moved = mul(direction, ADAMW_SIZE * Math.sqrt(Math.max(...p.shape)));
        const decay = answered("muon decays", decays(name, p)) ? weightDecay : 0;
        updates.set(name, mul(decay === 0 ? moved : add(moved, mul(p, decay)), rate));
      }
      const named = Object.fromEntries(updates);
      const names = entries<Tensor>(tree).map(([name]) => name);
      let leaf = 0;
      return [
        mapTensors(() => leafOf(named, at(names, leaf++)), params),
        { step: add(state.step, 1), momentum: Object.fromEntries(next), rest },
      ];
    },
  };
}

function leafOf(named: Named, name: string): Tensor {
  const leaf = Object.hasOwn(named, name) ? named[name] : undefined;
  if (leaf === undefined) throw new TypeError(`muon: expected a state with ${name}, got none`);
  return leaf;
}

const isHidden = (name: string): boolean => !/embed|lm_head/.test(name);

/** x with its singular values near 1: a Newton–Schulz iteration on the shorter side. */
function orthogonal(x: Tensor): Tensor {
  const [rows = 0, columns = 0] = x.shape;
  const isTall = rows > columns;
  const flat = isTall ? transpose(x) : x;
  // Squares of large numbers overflow, those of what is divided by a power of two do not.
  const norm = sqrt(sum(square(flat)));
  const distant = mul(flat, 1 / FAR);
  let y: Tensor = select(
    broadcastTo(less(norm, LARGEST), flat.shape),
    div(flat, add(norm, LEAST)),
    div(distant, add(sqrt(sum(square(distant))), LEAST)),
  );
  for (let n = 0; n < TIMES; n++) {
    const gram = matmul(y, y, { transposeB: true });
    const factor = add(mul(gram, B), mul(matmul(gram, gram), C));
    y = add(mul(y, A), matmul(factor, y));
  }
  return isTall ? transpose(y) : y;
}
