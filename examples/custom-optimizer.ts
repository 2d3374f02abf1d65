/** An optimizer of one's own is a pair of pure functions; it chains with those that are there. */
import {
  applyUpdates,
  chain,
  clipByGlobalNorm,
  createEngine,
  full,
  grad,
  type Optimizer,
  ops,
  type Tensor,
  tensor,
  tree,
} from "anchorgrad";

type Tensors = tree.Tree<Tensor>;
/** Trees of one structure → that of `f` of their leaves. */
const each = <P>(f: (leaf: Tensor, ...others: Tensor[]) => Tensor, ...trees: [P, ...P[]]): P =>
  tree.map<P, Tensor, Tensor>(f, ...(trees as [P & Tensors, ...(P & Tensors)[]])) as P;

/** Heavy-ball momentum: m ← β·m + g, update −η·m. @see Polyak, 1964 */
function momentum(learningRate: number, beta: number): Optimizer {
  return {
    init: (params) => each((p) => full(p.shape, 0), params) as Tensors,
    update<P>(grads: P, state: Tensors): [P, Tensors] {
      const blend = (m: Tensor, g: Tensor): Tensor => ops.add(ops.mul(m, beta), g);
      const mean = each(blend, state as P, grads);
      return [each((m) => ops.mul(m, -learningRate), mean), mean as Tensors];
    },
  };
}

/** A narrow valley: (x − 3)² + 20·(y + 1)². */
type Point = { readonly x: Tensor; readonly y: Tensor };
const valley = ({ x, y }: Point): Tensor =>
  ops.add(ops.square(ops.sub(x, 3)), ops.mul(20, ops.square(ops.add(y, 1))));

const engine = await createEngine({ backend: "wasm" });
const optimizer = chain(clipByGlobalNorm(10), momentum(0.02, 0.8));
type State = ReturnType<typeof optimizer.init>;
const step = engine.compile((point: Point, state: State): [Point, State] => {
  const [updates, next] = optimizer.update(grad(valley)(point), state, point);
  return [applyUpdates(point, updates), next];
});

let point: Point = { x: tensor(0), y: tensor(0) };
let state = optimizer.init(point);
for (let i = 0; i < 150; i++) [point, state] = await step(point, state);
const { x, y } = await engine.read(point);
console.log(`x = ${x[0]?.toFixed(2)}, y = ${y[0]?.toFixed(2)}`); // x = 3.00, y = -1.00
await engine.close();
