/**
 * The same laws in float32, on the engines that train. Storage rounds logits and log-probabilities
 * once for all terms of a law; over these vocabularies divergences x are then off by less than the
 * tolerance times 1 + x, whether an engine sums in float64 or in float32.
 */
import fc from "fast-check";
import { afterAll, beforeAll, describe, test } from "vitest";
import { type Backend, createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { choices } from "./laws/arbitraries.ts";
import { certificateLaws } from "./laws/certificates.ts";
import { choiceLaws } from "./laws/choices.ts";
import { flowLaws } from "./laws/flows.ts";
import { judgeLaws } from "./laws/judges.ts";
import { checkLaws, FLOAT32, type Law, spacesOf } from "./laws/laws.ts";
import { linearLaws } from "./laws/linear.ts";
import { manyStepsLaws } from "./laws/manySteps.ts";
import { monotoneLaws, oneStepLaws } from "./laws/oneStep.ts";
import { powerLaws } from "./laws/powers.ts";
import { reweightingLaws } from "./laws/reweightings.ts";
import { thresholdLaws } from "./laws/thresholds.ts";
import { trustRegionLaws } from "./laws/trustRegion.ts";

const chapters: { readonly [name: string]: readonly Law[] } = {
  "one exact step": oneStepLaws,
  "along the path": monotoneLaws,
  "many exact steps": manyStepsLaws,
  "inexact steps": certificateLaws,
  "whoever judges": [...judgeLaws, ...powerLaws],
  "length against weight": trustRegionLaws,
  "what another choice costs": choiceLaws,
  "what the anchor loses": thresholdLaws,
  "models between their weights": linearLaws,
  "flows and proximal points": flowLaws,
  "token reweightings": reweightingLaws,
};

/**
 * A program is traced and compiled for its weights, which takes longer than to run it: 1,000 scenes
 * in 125 programs, each with weights of its own, on which float64 has 1,000. Where there are no weights
 * 25 programs do.
 */
const groupsOf = (scenes: number) => choices.map((choice) => ({ ...choice, scenes }));
const SCENES = 1000;

/** Gradients are no divergences: of probabilities, they are off by less. */
const GRADIENTS = 1e-6;

let engines: readonly Engine[];
beforeAll(async () => {
  const backends: readonly Backend[] = ["wasm", "cpu"];
  engines = await Promise.all(backends.map((backend) => createEngine({ backend, threads: 1 })));
});
afterAll(() => Promise.all(engines.map((engine) => engine.close())));

/** A scene is built once for both engines. */
describe.each(Object.entries(chapters))("on wasm and cpu, %s", (name, all) => {
  const isWithoutWeights = name === "token reweightings";
  const tolerance = isWithoutWeights ? GRADIENTS : FLOAT32;
  const scenes = isWithoutWeights ? 40 : 8;
  const groups = groupsOf(scenes);
  for (const space of ["logit", "probability"] as const) {
    const laws = all.filter((law) => spacesOf(law).includes(space) && law.range !== "float64");
    test(`${laws.length} laws (${space})`, async () => {
      await fc.assert(
        fc.asyncProperty(groups, (choice) => checkLaws(engines, laws, choice, space, tolerance)),
        { numRuns: SCENES / scenes },
      );
    });
  }
});
