// The peers' GPT on an engine that the caller opens and closes.
import { adamw, applyUpdates, tensor, valueAndGrad } from "../dist/src/index.js";
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
