/** A fine-tuning method of one's own is a row: what each token's loss is, in place of a method's name. */
import {
  type anchored,
  createEngine,
  type Example,
  fineTune,
  nn,
  ops,
  random,
  type Tensor,
  transformer,
} from "anchorgrad";

/**
 * Focal loss: −(1 − p(y))^γ·log p(y), so that tokens which are learnt already count little.
 * @see https://arxiv.org/abs/1708.02002 (Lin et al., 2017), equation 4
 */
const focal = (gamma: number): anchored.Objective => ({
  target: "none", // it compares with the labels alone
  needs: [],
  knows: [],
  perToken: ({ logits, labels }) => {
    const surprise = nn.tokenCrossEntropy(logits, labels); // −log p(y), [B, T]
    const missing: Tensor = ops.sub(1, ops.exp(ops.neg(surprise)));
    const focus = ops.exp(ops.mul(gamma, ops.log(ops.maximum(missing, 1e-6))));
    return ops.mul(focus, surprise);
  },
});

/** Count on from a number: the mask marks what is learnt. */
const data: readonly Example[] = Array.from({ length: 8 }, (_, i) => ({
  tokens: Array.from({ length: 9 }, (_, t) => (i + t) % 10),
  mask: Array.from({ length: 9 }, (_, t) => (t < 2 ? 0 : 1)),
}));

const engine = await createEngine({ backend: "wasm" });
const model = transformer({ vocabSize: 10, contextLength: 8, layers: 1, heads: 2, width: 16 });
const options = {
  ...{ model, base: model.init(random.key(0)), data, batchSize: 4, epochs: 20 },
  ...{ learningRate: 1e-2, key: random.key(1) },
};
for await (const m of fineTune(engine, { ...options, method: focal(2) }))
  if (m.kind === "step" && (m.step === 1 || m.step === m.steps))
    console.log(`step ${m.step}: ${m.loss > 1 ? "still to learn" : "learnt"}`);
// step 1: still to learn
// step 40: learnt
await engine.close();
