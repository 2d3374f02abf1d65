// Square products, every transpose combination, one thread and two.
import { createEngine, ops, random } from "../dist/src/index.js";
import { describeCeiling, measureCeiling } from "./ceiling.mjs";
import { measure, RATES, ratesOf, TIMES, timeFor, timesOf } from "./suite.mjs";
import { table } from "./table.mjs";

const SIZES = [256, 512, 1024];
const COMBINATIONS = [false, true].flatMap((a) => [false, true].map((b) => [a, b]));
const nameOf = (n, [a, b]) => `matmul ${n}³ ${a ? "Aᵀ" : "A"}·${b ? "Bᵀ" : "B"}`;

export async function kernels({ quick }) {
  const ceiling = await measureCeiling();
  const [one, two] = [await products(1, quick), await products(2, quick)];
  const rows = SIZES.flatMap((n) =>
    COMBINATIONS.map((combination) => {
      const name = nameOf(n, combination);
      const speedup = one[name].median / two[name].median;
      const rates = ratesOf(one[name], 2 * n ** 3, ceiling);
      const both = ratesOf(two[name], 2 * n ** 3, ceiling, 2);
      return [name, ...timesOf(one[name]), ...rates, both[0], both[1], `${speedup.toFixed(2)} ×`];
    }),
  );
  const head = ["one thread", ...TIMES, ...RATES, "2 threads GFLOP/s", "of 2 ceilings", "speed-up"];
  console.log(`${describeCeiling(ceiling)}\n\n${table(head, rows)}`);
}

async function products(threads, quick) {
  const engine = await createEngine({ backend: "wasm", threads });
  const tasks = {};
  for (const n of SIZES) {
    const [a, b] = engine.put([1, 2].map((seed) => random.normal(random.key(seed), [n, n])));
    for (const combination of COMBINATIONS) {
      const [transposeA, transposeB] = combination;
      const product = engine.compile((x, y) => ops.matmul(x, y, { transposeA, transposeB }));
      tasks[nameOf(n, combination)] = async () => engine.release(await product(a, b));
    }
  }
  const measured = await measure(tasks, timeFor(0.5, quick));
  await engine.close();
  return measured;
}
