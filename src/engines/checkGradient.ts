import { constant } from "../tensor/apply.ts";
import { vjp } from "../tensor/grad.ts";
import { asTensor, mul, sum } from "../tensor/ops.ts";
import { expectKnown } from "../tensor/options.ts";
import { fold, type Key, key, permutation, stream } from "../tensor/random.ts";
import { at, sizeOf } from "../tensor/shapes.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import * as tree from "../tensor/tree.ts";
import { createEngine } from "./create.ts";
import type { Engine } from "./engine.ts";

/** Where, and how finely, `checkGradient` compares with central differences. */
export interface GradientOptions {
  /** Random directions along which all float arguments move together; 2 by default. */
  readonly directions?: number;
  /** Single numbers that are moved, drawn at random where there are more; 32 by default. */
  readonly coordinates?: number;
  /** Half the distance of the two points of a difference, for numbers around 1; 1e-5 by default. */
  readonly step?: number;
  /** Relative to 1 + the size of what is compared; 1e-6 by default. */
  readonly tolerance?: number;
  /** Of the directions, of the coordinates and of the weights of a result that is no scalar. */
  readonly seed?: number;
}

/** One derivative, both ways. */
export interface GradientDifference {
  /** `argument 0, layers.1.weight [2, 3]`, or `direction 1`. */
  readonly where: string;
  /** By `grad`. */
  readonly derived: number;
  /** By central differences. */
  readonly measured: number;
  /** |derived − measured|, relative to 1 + the size of what is compared. */
  readonly error: number;
}

/** What a check of a gradient found. */
export interface GradientReport {
  /** Numbers that were moved, of how many that there are. */
  readonly coordinates: number;
  readonly of: number;
  readonly directions: number;
  /** The coordinate with the largest error; undefined where none was moved. */
  readonly worst: GradientDifference | undefined;
  /** The direction with the largest error. */
  readonly worstDirection: GradientDifference | undefined;
  /** Derivatives whose error is above the tolerance. */
  readonly wrong: number;
}

/** A gradient that differences do not confirm. */
export class GradientError extends Error {
  override readonly name = "GradientError";
  readonly report: GradientReport;

  constructor(message: string, report: GradientReport) {
    super(message);
    this.report = report;
  }
}

/**
 * Checks the gradient of a function by central differences, in float64 on the reference engine:
 * along random directions, which see every number at once, and at single coordinates, which say
 * where it is wrong.
 * @param f (…args) → a tensor of any shape; pure. What is no scalar is summed with random weights
 * @param args its arguments: trees of tensors and numbers with values, of which the float ones are
 *   moved and ids stay. Choose them where f is smooth: away from ties of a maximum, from zeros
 *   under a root
 * @returns what was checked, and the worst of it
 * @throws GradientError naming the worst coordinate, with the report; RangeError for options out
 *   of range
 */
export async function checkGradient<Args extends readonly unknown[]>(
  f: (...args: Args) => Tensor,
  args: Args,
  options: GradientOptions = {},
): Promise<GradientReport> {
  expectKnown("checkGradient", options, [
    ...(["directions", "coordinates", "step", "tolerance", "seed"] as const),
  ]);
  const { directions = 2, coordinates = 32, step = 1e-5, tolerance = 1e-6, seed = 0 } = options;
  checkCount("directions", directions);
  checkCount("coordinates", coordinates);
  checkPositive("step", step);
  checkPositive("tolerance", tolerance);

  await using engine = await createEngine({ backend: "reference" });
  const { floats, put } = await floatsOf(engine, args);
  const of = (xs: readonly Tensor[]): Tensor => f(...put(xs));
  const weights = ({ shape }: Tensor): Tensor => constant(draws(fold(key(seed), 0), shape), shape);
  const scalar = engine.compile((xs: readonly Tensor[]) => {
    const y = of(xs);
    return sum(mul(y, weights(y)));
  });
  const gradient = await engine.run(() => {
    const [y, pullback] = vjp(
      of,
      floats.map(({ value }) => value),
    );
    return pullback(weights(y))[0];
  });
  const valueAt = async (move: Move, by: number): Promise<number> => {
    const moved = floats.map(({ value: { data, shape } }, i) =>
      constant(
        Float64Array.from(data, (x, n) => x + by * at(at(move.along, i), n)),
        shape,
      ),
    );
    return at(await engine.read(await scalar(moved)), 0);
  };
  const compare = async (move: Move): Promise<GradientDifference> => {
    const by = step * move.scale;
    const measured = ((await valueAt(move, by)) - (await valueAt(move, -by))) / (2 * by);
    const terms = gradient.flatMap(({ data }, i) =>
      Array.from(data, (g, n) => g * at(at(move.along, i), n)),
    );
    const derived = terms.reduce((total, x) => total + x, 0);
    const size = terms.reduce((total, x) => total + Math.abs(x), 0);
    const error = Math.abs(derived - measured) / (1 + size);
    return { where: move.where, derived, measured, error };
  };

  const random = fold(key(seed), 1);
  const all = floats.flatMap(({ value }, leaf) => Array.from(value.data, (_, n) => ({ leaf, n })));
  const some = permutation(fold(random, 0), all.length).slice(0, coordinates);
  const alone: GradientDifference[] = [];
  for (const i of some.sort((x, y) => x - y))
    alone.push(await compare(coordinate(floats, at(all, i))));
  const together: GradientDifference[] = [];
  for (let d = 0; d < directions; d++)
    together.push(await compare(direction(floats, d, fold(random, d + 1))));
  return judge({ alone, together, of: all.length, tolerance });
}

/** A float leaf of the arguments. */
interface Float {
  readonly name: string;
  readonly value: Tensor<"constant">;
}

/** The float leaves of the arguments, and how arguments with other float leaves are put together. */
async function floatsOf<Args extends readonly unknown[]>(
  engine: Engine,
  args: Args,
): Promise<{ floats: Float[]; put: (xs: readonly Tensor[]) => Args }> {
  const { leaves, structure } = tree.flatten(args as unknown as tree.Tree<Tensor | number>);
  const values = await engine.run(() => leaves.map(asTensor));
  const names = args.flatMap((arg, i) =>
    tree.entries(arg as tree.Tree<unknown>).map(([path]) => `argument ${i}${path && `, ${path}`}`),
  );
  const floats = values.flatMap((value, i) =>
    value.dtype === "float" ? [{ name: at(names, i), value }] : [],
  );
  const put = (xs: readonly Tensor[]): Args => {
    let next = 0;
    const all = values.map((value) => (value.dtype === "float" ? at(xs, next++) : value));
    return tree.unflatten<Tensor>(structure, all) as unknown as Args;
  };
  return { floats, put };
}

/** A way to move all float arguments together. */
interface Move {
  readonly where: string;
  /** One array a float leaf. */
  readonly along: readonly Float64Array[];
  /** Multiplies the step. */
  readonly scale: number;
}

interface Coordinate {
  readonly leaf: number;
  readonly n: number;
}

function coordinate(floats: readonly Float[], { leaf, n }: Coordinate): Move {
  const along = floats.map(({ value }) => new Float64Array(value.data.length));
  at(along, leaf)[n] = 1;
  const { name, value } = at(floats, leaf);
  const index = indexOf(value.shape, n);
  return {
    where: index.length > 0 ? `${name} [${index.join(", ")}]` : name,
    along,
    scale: Math.max(1, Math.abs(at(value.data, n))),
  };
}

const direction = (floats: readonly Float[], number: number, source: Key): Move => ({
  where: `direction ${number}`,
  along: floats.map(({ value: { shape } }, i) => draws(fold(source, i), shape)),
  scale: 1,
});

/** Uniform in [−1, 1). */
function draws(source: Key, shape: Shape): Float64Array {
  const next = stream(source);
  return Float64Array.from({ length: sizeOf(shape) }, () => 2 * next() - 1);
}

/** The place of the n-th number of a tensor. */
function indexOf(shape: Shape, n: number): number[] {
  const index: number[] = [];
  for (const length of shape.toReversed()) {
    index.unshift(n % length);
    n = Math.floor(n / length);
  }
  return index;
}

interface Found {
  readonly alone: readonly GradientDifference[];
  readonly together: readonly GradientDifference[];
  readonly of: number;
  readonly tolerance: number;
}

/** @throws GradientError */
function judge({ alone, together, of, tolerance }: Found): GradientReport {
  // What is not a number is wrong too.
  const isWrong = ({ error }: GradientDifference): boolean => !(error <= tolerance);
  const wrong = [...alone, ...together].filter(isWrong).length;
  const report: GradientReport = {
    ...{ coordinates: alone.length, of, directions: together.length, wrong },
    worst: worstOf(alone),
    worstDirection: worstOf(together),
  };
  if (wrong === 0) return report;
  // A coordinate says more than a direction, if one was caught.
  const caught = alone.some(isWrong) ? report.worst : report.worstDirection;
  const { where, derived, measured, error } = caught as GradientDifference;
  throw new GradientError(
    `checkGradient: expected ${measured} by central differences at ${where}, got ${derived} ` +
      `(${error.toExponential(1)} apart, at most ${tolerance} is allowed; ${wrong} of ` +
      `${alone.length + together.length} differences are larger)`,
    report,
  );
}

const worstOf = (found: readonly GradientDifference[]): GradientDifference | undefined =>
  found.reduce<GradientDifference | undefined>(
    (worst, x) => (worst && !(x.error > worst.error || Number.isNaN(x.error)) ? worst : x),
    undefined,
  );

function checkCount(name: string, value: number): void {
  if (!(Number.isInteger(value) && value >= 0))
    throw new RangeError(`checkGradient: expected ${name} to be an integer ≥ 0, got ${value}`);
}

function checkPositive(name: string, value: number): void {
  if (!(value > 0 && Number.isFinite(value)))
    throw new RangeError(`checkGradient: expected a positive ${name}, got ${value}`);
}
