/**
 * Is an interpolation of one's own an anchor? Property tests on the families of distributions that break
 * wrong ones: needs `npm i fast-check`.
 */
import { anchored, createEngine, interpolate, ops, type Tensor } from "anchorgrad";
import { triples } from "anchorgrad/arbitraries";
import * as fc from "fast-check";

/** Log-probabilities of p and s, and α → those of q. */
type Interpolate = (p: Tensor, s: Tensor, alpha: number) => Tensor;

/** The square of interpolated square roots, made to sum to one. */
const hellinger: Interpolate = (p, s, alpha) => {
  const root = (x: Tensor): Tensor => ops.exp(ops.mul(x, 0.5));
  const mixed = ops.add(ops.mul(root(p), 1 - alpha), ops.mul(root(s), alpha));
  return ops.logSoftmax(ops.mul(2, ops.log(mixed)));
};

const engine = await createEngine({ backend: "reference" });

/** Whether KL(p‖q) ≤ α·KL(p‖s) on every pair that is drawn; the smallest one on which it fails. */
async function isBounded(q: Interpolate): Promise<string> {
  const bound = fc.asyncProperty(triples(), async ({ snapshotLogits, referenceLogits, alpha }) => {
    const [moved, whole] = await engine.run((): [Tensor, Tensor] => {
      const [p, s] = [ops.logSoftmax(snapshotLogits), ops.logSoftmax(referenceLogits)];
      return [anchored.kl(p, q(p, s, alpha)), anchored.kl(p, s)];
    });
    return moved.data.every((x, row) => x <= alpha * (whole.data[row] ?? 0) * (1 + 1e-9) + 1e-12);
  });
  const { failed, numShrinks } = await fc.check(bound, { seed: 1, numRuns: 200 });
  return failed ? `no (a case was found, and made simpler ${numShrinks} times)` : "on 200 draws";
}

const logit: Interpolate = (p, s, alpha) => interpolate("logit", alpha)(p, s);
console.log(`logits:       ${await isBounded(logit)}`); // on 200 draws
console.log(`square roots: ${await isBounded(hellinger)}`); // on 200 draws
console.log(`whole step:   ${await isBounded((_, s) => s)}`); // no (a case was found, …)
await engine.close();
