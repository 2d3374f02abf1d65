import type { MemoryUse } from "../../src/engines/device.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { constant } from "../../src/tensor/apply.ts";
import { valueAndGrad } from "../../src/tensor/grad.ts";
import * as ops from "../../src/tensor/ops.ts";
import * as random from "../../src/tensor/random.ts";
import { at } from "../../src/tensor/shapes.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

interface Weights {
  readonly w1: Tensor;
  readonly w2: Tensor;
}

/** What a training used and came to. */
export interface Flat {
  /** After ten steps, and after all. */
  readonly memory: readonly [early: MemoryUse | undefined, late: MemoryUse];
  readonly loss: readonly [first: number, last: number];
}

/** Trains a small network for `steps` donated steps, whose losses are read. */
export async function trainSmall(engine: Engine, steps: number): Promise<Flat> {
  const key = random.key(1);
  const [x, y] = [random.normal(key, [24, 6]), random.normal(random.fold(key, 1), [24, 3])];
  const loss = ({ w1, w2 }: Weights): Tensor =>
    ops.mean(ops.square(ops.sub(ops.matmul(ops.tanh(ops.matmul(x, w1)), w2), y)));
  const train = engine.compile(
    (weights: Weights, momentum: Weights): [Tensor, Weights, Weights] => {
      const [value, gradient] = valueAndGrad(loss)(weights);
      const move = (name: keyof Weights): [Tensor, Tensor] => {
        const m = ops.add(ops.mul(momentum[name], 0.9), gradient[name]);
        return [ops.sub(weights[name], ops.mul(m, 0.02)), m];
      };
      const [[w1, m1], [w2, m2]] = [move("w1"), move("w2")];
      return [value, { w1, w2 }, { w1: m1, w2: m2 }];
    },
    { donate: [0, 1] },
  );
  const zeros = (shape: number[]): Tensor =>
    constant(new Float64Array(shape.reduce((a, b) => a * b, 1)), shape);
  let weights: Weights = engine.put({
    w1: random.normal(key, [6, 9]),
    w2: random.normal(key, [9, 3]),
  });
  let momentum: Weights = engine.put({ w1: zeros([6, 9]), w2: zeros([9, 3]) });
  const losses: number[] = [];
  let early: MemoryUse | undefined;
  for (let step = 0; step < steps; step++) {
    let value: Tensor;
    [value, weights, momentum] = await train(weights, momentum);
    losses.push((await engine.read(value))[0] as number);
    if (step === 10) early = engine.memory();
  }
  return { memory: [early, engine.memory()], loss: [at(losses, 0), at(losses, steps - 1)] };
}
