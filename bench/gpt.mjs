// The peers' GPT on an engine that the caller opens and closes.
import { adamw, applyUpdates, createEngine, tensor, valueAndGrad } from "../dist/src/index.js";
import { lossOf, parametersOf } from "./peers/own.mjs";
import { ADAMW, initialWeights, trainingBatch } from "./peers/spec.mjs";

/** Forward, backward and AdamW as a pure function, the numbers it starts from, and what it donates. */
export function trainingStep(model) {
  const { x, y } = trainingBatch(model);
  const { lr, b1, b2, eps, wd } = ADAMW;
  const optimizer = adamw({ learningRate: lr, b1, b2, epsilon: eps, weightDecay: wd });
  const params = parametersOf(model, initialWeights(model));
  const [tokens, labels] = [x, y].map((ids) => tensor(ids, [ids.length]));
  function train(params, state, tokens, labels) {
    const [value, gradients] = valueAndGrad(lossOf(model, tokens, labels))(params);
    const [updates, next] = optimizer.update(gradients, state, params);
    return [value, applyUpdates(params, updates), next];
  }
  return { train, start: [params, optimizer.init(params), tokens, labels], donate: [0, 1] };
}

/** step() trains once and returns the loss. */
export function trainer(engine, model) {
  const { train, start, donate } = trainingStep(model);
  const program = engine.compile(train, { donate });
  let [params, state, tokens, labels] = engine.put(start);
  return {
    async step() {
      let value;
      [value, params, state] = await program(params, state, tokens, labels);
      const [loss] = await engine.read(value);
      engine.release(value);
      return loss;
    },
    stats: () => program.stats(),
    release: () => engine.release([params, state, tokens, labels]),
  };
}

/** Taken apart or not, the steps must compute what an engine computes, bit for bit. */
export async function expectLosses(losses, model, options) {
  const engine = await createEngine(options);
  const gpt = trainer(engine, model);
  for (const [i, loss] of losses.entries()) {
    const expected = await gpt.step();
    if (loss !== expected)
      throw new Error(`profile: expected loss ${expected} at ${i}, got ${loss}`);
  }
  await engine.close();
}
