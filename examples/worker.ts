/**
 * Training in a worker, so that whoever waits stays alive. In a page it is the same with
 * `new Worker(new URL("./worker.js", import.meta.url), { type: "module" })` and `postMessage`.
 */
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { createEngine, grad, ops, type Tensor, tensor } from "anchorgrad";

type Progress = { readonly step: number; readonly x: number };

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url));
  let ticks = 0;
  const clock = setInterval(() => ticks++, 1);
  worker.on("message", ({ step, x }: Progress) => console.log(`step ${step}: x = ${x.toFixed(3)}`));
  worker.on("exit", () => {
    clearInterval(clock);
    console.log(ticks > 0 ? "and this thread was free" : "");
  });
} else {
  // Engines live in the thread that made them; messages carry numbers, not tensors.
  const engine = await createEngine({ backend: "wasm", threads: 1 });
  const f = (x: Tensor): Tensor => ops.square(ops.sub(x, 2));
  const descend = engine.compile((x: Tensor): Tensor => ops.sub(x, ops.mul(0.1, grad(f)(x))));
  let x: Tensor = tensor(0);
  for (let step = 1; step <= 30; step++) {
    x = await descend(x);
    const message: Progress = { step, x: (await engine.read(x))[0] ?? NaN };
    if (step % 10 === 0) parentPort?.postMessage(message);
  }
  await engine.close();
}
