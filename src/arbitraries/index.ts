/**
 * fast-check arbitraries of what Anchored Learning is about, so that interpolations, objectives and
 * statements of your own can be tried on the cases that break wrong ones. They need
 * [fast-check](https://fast-check.dev) 4, which this package leaves to you to install.
 *
 * ```ts
 * import fc from "fast-check";
 * import { anchored, createEngine, interpolate, ops } from "anchorgrad";
 * import { triples } from "anchorgrad/arbitraries";
 *
 * // Is an anchor between p and s never farther from p than s is, in total variation?
 * const engine = await createEngine({ backend: "reference" });
 * await fc.assert(
 *   fc.asyncProperty(triples(), async ({ snapshotLogits, referenceLogits, alpha }) => {
 *     const [near, far] = await engine.run(() => {
 *       const [p, s] = [ops.logSoftmax(snapshotLogits), ops.logSoftmax(referenceLogits)];
 *       const q = interpolate("logit", alpha)(p, s);
 *       return [anchored.totalVariation(p, q), anchored.totalVariation(p, s)];
 *     });
 *     return near.data.every((x, row) => x <= far.data[row] + 1e-12);
 *   }),
 * );
 * console.log("it is");
 * await engine.close();
 * ```
 *
 * prints `it is`; with `alpha * far.data[row]` on the right it fails, and names the family.
 */
export {
  distributions,
  familyNames,
  type LogitsOptions,
  logits,
  type Pair,
  pairs,
  type Triple,
  triples,
  vocabularies,
  weights,
} from "./distributions.ts";
export { type Family, families } from "./families.ts";
export { type TinyModel, tinyConfigs, tinyModels } from "./models.ts";
