/** A network with one hidden layer learns exclusive or: tensors, a loss, its gradient, AdamW. */
import {
  adamw,
  applyUpdates,
  createEngine,
  ops,
  random,
  type Tensor,
  tensor,
  valueAndGrad,
} from "anchorgrad";

/** Parameters are plain objects of tensors. */
type Mlp = { readonly w1: Tensor; readonly b1: Tensor; readonly w2: Tensor; readonly b2: Tensor };

const HIDDEN = 8;
const [first, second] = random.split(random.key(0)) as [random.Key, random.Key];
const start: Mlp = {
  w1: random.normal(first, [2, HIDDEN]),
  b1: tensor(new Float32Array(HIDDEN), [HIDDEN]),
  w2: random.normal(second, [HIDDEN, 1], { std: HIDDEN ** -0.5 }),
  b2: tensor([0]),
};

/** x [B, 2] → the probability of 1, [B, 1]. */
const predict = ({ w1, b1, w2, b2 }: Mlp, x: Tensor): Tensor => {
  const hidden = ops.tanh(ops.add(ops.matmul(x, w1), b1)); // [B, HIDDEN]
  return ops.sigmoid(ops.add(ops.matmul(hidden, w2), b2)); // [B, 1]
};

const loss = (params: Mlp, x: Tensor, y: Tensor): Tensor =>
  ops.mean(ops.square(ops.sub(predict(params, x), y)));

const x = tensor([
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
]); // [4, 2]
const y = tensor([[0], [1], [1], [0]]); // [4, 1]

const engine = await createEngine({ backend: "wasm" });
const optimizer = adamw({ learningRate: 0.05, weightDecay: 0 });
type State = ReturnType<typeof optimizer.init>;

// Traced once; the parameters and the optimizer's state lend their memory to the next ones.
const step = engine.compile(
  (params: Mlp, state: State): [Mlp, State, Tensor] => {
    const [value, gradient] = valueAndGrad(loss)(params, x, y);
    const [updates, next] = optimizer.update(gradient, state, params);
    return [applyUpdates(params, updates), next, value];
  },
  { donate: [0, 1] },
);

let params = engine.put(start);
let state = engine.put(optimizer.init(start));
for (let i = 0; i < 200; i++) [params, state] = await step(params, state);

const { data } = await engine.run(() => predict(params, x));
console.log(Array.from(data, (p) => p.toFixed(1)).join(" ")); // 0.0 1.0 1.0 0.0
await engine.close();
