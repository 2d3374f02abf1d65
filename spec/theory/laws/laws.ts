/**
 * A law of the theory is an inequality or an identity between two functions of a scene, which holds
 * in every row of the scene's tensors. Laws are values, so that the same ones run in float64 on the
 * reference engine and in float32 on the others.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { interpolate } from "../../../src/anchored/objectives/interpolations.ts";
import { familyNames } from "../../../src/arbitraries/index.ts";
import type { Engine } from "../../../src/engines/engine.ts";
import { add, logSoftmax } from "../../../src/tensor/ops.ts";
import { at } from "../../../src/tensor/shapes.ts";
import type { Tensor, TypedArray } from "../../../src/tensor/tensor.ts";
import { type Choice, choices, errors, judges, pairs } from "./arbitraries.ts";

export type Space = "logit" | "probability";

/** A snapshot p and a reference s in each row, and weights. Distributions are log-probabilities. */
export interface Scene {
  readonly space: Space;
  /** [R, V]. */
  readonly snapshotLogits: Tensor;
  readonly referenceLogits: Tensor;
  readonly p: Tensor;
  readonly s: Tensor;
  readonly alpha: number;
  /** Another weight, at least alpha. */
  readonly later: number;
  readonly steps: number;
  /** The anchor between `from` (p by default) and s. */
  anchor(weight: number, from?: Tensor): Tensor;
  /** anchor(alpha). */
  readonly q: Tensor;
  /** Log-probabilities of whoever judges the models: another row's distribution, or a label. */
  readonly judge: Tensor;
  /** p_0 = p, p_1, …, p_T when each outer step ends exactly at its anchor; of weight alpha, or of
   * the step's own. */
  exact(weights?: StepWeights): readonly Tensor[];
  /** The same when the optimiser misses each anchor. */
  missed(weights?: StepWeights): readonly Tensor[];
  /** The largest rounding error of a divergence x, relative to 1 + x. */
  readonly tolerance: number;
}

/** The weight of each outer step, from 0. */
export type StepWeights = (step: number) => number;

/** Weights that change from step to step. */
export const changing =
  ({ alpha, later }: Scene): StepWeights =>
  (step) =>
    [alpha, later, later * alpha][step % 3] as number;

/** Π (1 − α_u) over the steps from `first` up to `end`. */
export const remaining = (weights: StepWeights, first: number, end: number): number => {
  let share = 1;
  for (let u = first; u < end; u++) share *= 1 - weights(u);
  return share;
};

export interface Law {
  readonly name: string;
  /** Where it holds; both spaces by default. */
  readonly spaces?: readonly Space[];
  /** For which weights, where not for all of [0, 1]. */
  readonly weights?: "interior";
  /** Needs the range of float64. */
  readonly range?: "float64";
  /** [R] each: left ≤ right, or left = right. */
  readonly sides: (scene: Scene) => readonly [left: Tensor, relation: "≤" | "=", right: Tensor];
}

/** Relative to 1 + the divergence; 1e-15 and 2e-6 were seen. */
export const FLOAT64 = 1e-9;
export const FLOAT32 = 1e-5;

/** Away from the ends, where a bound divides by alpha or by 1 − alpha. */
const interior = (weight: number): number => Math.min(Math.max(weight, 1e-3), 1 - 1e-3);

/** @param inside what becomes of a weight */
export function sceneOf(
  choice: Choice,
  space: Space,
  tolerance: number,
  inside: (weight: number) => number = (weight) => weight,
): Scene {
  const { snapshot, reference } = pairs(choice);
  const [alpha, later] = [choice.alpha, choice.beta].map(inside).sort((a, b) => a - b) as [
    number,
    number,
  ];
  const [p, s] = [logSoftmax(snapshot), logSoftmax(reference)];
  const anchor = (weight: number, from: Tensor = p): Tensor => interpolate(space, weight)(from, s);
  // Laws of one scene walk the same paths: each is made once, and traced once.
  const walk = (finish: (anchor: Tensor, step: number) => Tensor) => {
    const walked = new Map<string, readonly Tensor[]>();
    return (weights: StepWeights = () => alpha): readonly Tensor[] => {
      const each = Array.from({ length: choice.steps }, (_, t) => weights(t));
      const known = walked.get(each.join());
      if (known) return known;
      const path = [p];
      each.forEach((weight, t) => {
        path.push(finish(anchor(weight, path[t]), t));
      });
      walked.set(each.join(), path);
      return path;
    };
  };
  const misses: Tensor[] = [];
  const missOf = (step: number): Tensor => {
    misses[step] ??= errors(choice, step);
    return misses[step];
  };
  return {
    space,
    snapshotLogits: snapshot,
    referenceLogits: reference,
    p,
    s,
    alpha,
    later,
    steps: choice.steps,
    anchor,
    q: anchor(alpha),
    judge: judges(choice),
    exact: walk((q) => q),
    missed: walk((q, t) => logSoftmax(add(q, missOf(t)))),
    tolerance,
  };
}

export const spacesOf = ({ spaces = ["logit", "probability"] }: Law): readonly Space[] => spaces;

/** Scenes of each law. */
const CASES = 1000;

/** Those that fast-check draws for any property of them: once for all laws. */
let drawn: readonly Choice[] | undefined;

/**
 * One test for each law and space: 1,000 scenes, each a pair of every family. The laws of a space are
 * evaluated together on each scene. A law that fails is left to fast-check, which draws the same
 * scenes and looks for the smallest.
 */
export function testLaws(
  engine: () => Engine,
  laws: readonly Law[],
  tolerance: number = FLOAT64,
): void {
  for (const space of ["logit", "probability"] as const) {
    const here = laws.filter((law) => spacesOf(law).includes(space));
    const verdicts = async (choice: Choice): Promise<readonly Verdict[]> =>
      judged(engine(), here, relationsOf(here, choice, space, tolerance), choice, tolerance);
    const evaluated = async (): Promise<readonly (readonly Verdict[])[]> => {
      drawn ??= fc.sample(choices, CASES);
      const found: (readonly Verdict[])[] = [];
      for (const choice of drawn)
        found.push(await verdicts(choice).catch((error) => here.map(() => String(error))));
      return found;
    };
    let all: ReturnType<typeof evaluated> | undefined;
    here.forEach((law, index) => {
      test(`${law.name} (${space})`, async () => {
        all ??= evaluated();
        const own = (await all).map((found) => at(found, index));
        expect(own).toHaveLength(CASES);
        const wrong = own.find((verdict) => verdict !== undefined);
        if (wrong === undefined) return;
        await fc.assert(
          fc.asyncProperty(choices, async (choice) => refuse(at(await verdicts(choice), index))),
          { numRuns: CASES },
        );
        refuse(wrong);
      });
    });
  }
}

/** Checks laws on one scene, which engines evaluate in turn, in one run each. */
export async function checkLaws(
  engines: readonly Engine[],
  laws: readonly Law[],
  choice: Choice,
  space: Space,
  tolerance: number,
): Promise<void> {
  const relations = relationsOf(laws, choice, space, tolerance);
  for (const engine of engines)
    for (const verdict of await judged(engine, laws, relations, choice, tolerance))
      if (verdict !== undefined) refuse(`${engine.backend}: ${verdict}`);
}

/** What is wrong with a law in a scene, if anything is. */
type Verdict = string | undefined;

function refuse(verdict: Verdict): void {
  if (verdict !== undefined) expect.fail(verdict);
}

type Relation = ReturnType<Law["sides"]>;

/** The sides of laws on one scene. */
function relationsOf(
  laws: readonly Law[],
  choice: Choice,
  space: Space,
  tolerance: number,
): readonly Relation[] {
  const scenes = new Map<Law["weights"], Scene>();
  return laws.map(({ weights, sides }) => {
    const scene =
      scenes.get(weights) ??
      sceneOf(choice, space, tolerance, weights === "interior" ? interior : undefined);
    scenes.set(weights, scene);
    return sides(scene);
  });
}

async function judged(
  engine: Engine,
  laws: readonly Law[],
  relations: readonly Relation[],
  choice: Choice,
  tolerance: number,
): Promise<readonly Verdict[]> {
  const sides = await engine.run(() => relations.map(([left, , right]) => [left, right]));
  return relations.map(([, relation], i) => {
    const [left, right] = (sides[i] ?? []).map(({ data }) => data) as [TypedArray, TypedArray];
    const verdict = above(left, right, tolerance);
    const both = relation === "=" ? (verdict ?? above(right, left, tolerance)) : verdict;
    if (!both) return undefined;
    const rows = (choice.scenes ?? 1) * familyNames.length;
    const family = familyNames[Math.floor((both.index * rows) / left.length) % familyNames.length];
    const where = left.length < rows ? "all families together" : `the family ${family}`;
    return `${at(laws, i).name}: expected at most ${both.most}, got ${both.got} for ${where}`;
  });
}

/** The first number that is not left ≤ right, within tolerance · (1 + size). */
function above(left: TypedArray, right: TypedArray, tolerance: number) {
  for (let index = 0; index < left.length; index++) {
    const [got, most] = [left[index] as number, right[index] as number];
    if (!(got <= most + tolerance * (1 + Math.max(Math.abs(got), Math.abs(most)))))
      return { index, got, most };
  }
  return undefined;
}
