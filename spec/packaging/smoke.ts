/** Eight steps of a tiny transformer: what comes out, by engine, as a line each. */
export const smoke = `
import { createHash } from "node:crypto";
import { adamw, applyUpdates, createEngine, crossEntropy, ids, random, transformer, tree, valueAndGrad } from "anchorgrad";
const model = transformer({ vocabSize: 32, contextLength: 16, layers: 2, heads: 2, width: 32 });
const grid = (f) => ids(Array.from({ length: 4 }, (_, i) => Array.from({ length: 16 }, (_, j) => f(i, j) % 32)));
const [tokens, labels] = [grid((i, j) => 7 * i + j * j), grid((i, j) => 7 * i + (j + 1) ** 2)];
for (const options of [{ backend: "wasm", threads: 1 }, { backend: "wasm", threads: 2 }, { backend: "reference" }]) {
  const engine = await createEngine(options);
  const optimizer = adamw({ learningRate: 0.01 });
  const step = engine.compile((params, state) => {
    const [loss, grads] = valueAndGrad((p) => crossEntropy(model.apply(p, tokens), labels))(params);
    const [updates, next] = optimizer.update(grads, state, params);
    return [loss, applyUpdates(params, updates), next];
  });
  let params = model.init(random.key(0));
  let [state, loss] = [optimizer.init(params)];
  for (let i = 0; i < 8; i++) [loss, params, state] = await step(params, state);
  const hash = createHash("sha256");
  for (const [, x] of tree.entries(await engine.read(params)))
    hash.update(new Uint8Array(x.buffer, x.byteOffset, x.byteLength));
  const row = { numerics: engine.numerics, loss: (await engine.read(loss))[0], bits: hash.digest("hex") };
  console.log(JSON.stringify(row));
  await engine.close();
}
`;
