import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build as esbuild } from "esbuild";
import { build as vite } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { at } from "../../src/tensor/shapes.ts";
import { tinyRecipe } from "../experiment/tiny.ts";
import { programOf, runtimes } from "./installed.mjs";
import { filesOf, link, node, type Packed, pack, root, run, typeCheck } from "./packed.ts";
import { smoke } from "./smoke.ts";

/** What somebody else writes who has nothing but the package. */
const program = `
import { createEngine, grad, ops, type Tensor, tensor } from "anchorgrad";
import { pairs } from "anchorgrad/arbitraries";
import { countdown } from "anchorgrad/tasks";

const square = (x: Tensor): Tensor => ops.sum(ops.square(x));
for (const backend of ["wasm", "webasm", "cpu", "reference"] as const) {
  const engine = await createEngine({ backend });
  const { data } = await engine.run(() => grad(square)(tensor([1, 2, 3])));
  console.log(backend, [...data].join(" "));
  await engine.close();
}
const isRight: boolean = countdown.verify({ numbers: [1, 2], target: 3, text: "\\\\boxed{1+2}" });
console.log(isRight, typeof pairs);
`;

/** Strict, with no types but the language's own. */
const strict = {
  ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, types: [] },
  ...{ target: "es2022", lib: ["es2022"] },
};
const resolutions = {
  nodenext: { module: "nodenext", outDir: "out" },
  bundler: { module: "esnext", moduleResolution: "bundler", noEmit: true },
};

/** What a page imports. */
const page = `
import * as anchorgrad from "anchorgrad";
import * as tasks from "anchorgrad/tasks";
globalThis.everything = [anchorgrad, tasks];
`;

let packed: Packed;
let app: string;
beforeAll(async () => {
  packed = await pack();
  app = packed.app;
});
afterAll(() => packed?.remove());

describe("what is installed", () => {
  test("is at most 1 MB to load and 25 MB on disk, and compiles nothing", async () => {
    const { size } = await stat(packed.tarball);
    expect(size).toBeLessThanOrEqual(1e6);
    const files = await filesOf(join(app, "node_modules"));
    const bytes = [...files.values()].reduce((sum, n) => sum + n, 0);
    expect(bytes).toBeGreaterThan(1e6);
    expect(bytes).toBeLessThanOrEqual(25e6);
    const paths = [...files.keys()];
    expect(paths.filter((path) => /\.node$|binding\.gyp$/.test(path))).toEqual([]);
    const manifests = paths.filter((path) => path.endsWith("/package.json"));
    const scripts = await Promise.all(
      manifests.map(async (path) => JSON.parse(await readFile(path, "utf8")).scripts ?? {}),
    );
    expect(scripts.flatMap(Object.keys).filter((n) => /^(pre|post)?install$/.test(n))).toEqual([]);
    expect(packed.said).not.toMatch(/warn|error/i);
  });

  test("holds the licences of the code that was put in", async () => {
    const own = join(app, "node_modules/anchorgrad");
    const licences = await readFile(join(own, "dist/THIRD-PARTY-LICENSES.txt"), "utf8");
    for (const name of ["gpu.js", "acorn", "@observablehq/plot", "d3-shape"])
      expect(licences).toMatch(new RegExp(`^${name} \\d`, "m"));
    expect(licences.match(/copyright|permission/gi)?.length).toBeGreaterThan(30);
  });

  test("has a command that says its version, sweeps in a process, and reports with figures", async () => {
    const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
    const main = join(app, "node_modules/anchorgrad/dist/src/cli/main.js");
    expect((await node([main, "--version"], app)).stdout).toBe(`${version}\n`);
    const rows = tinyRecipe.rows.slice(0, 2);
    const recipe = { ...tinyRecipe, extends: "smoke", rows, headline: at(rows, 1).id };
    await writeFile(join(app, "tiny.json"), JSON.stringify(recipe));
    const alone = ["--seeds", "2", "--processes", "1", "--threads", "1"];
    await node([main, "sweep", "tiny.json", ...alone], app);
    await node([main, "report", "runs/tiny"], app);
    const report = await readFile(join(app, "runs/tiny/report.html"), "utf8");
    expect(report.match(/<svg/g)?.length).toBeGreaterThan(3);
  });

  test("says in errors where they come from, by names", async () => {
    const wrong = `import { ops, tensor } from "anchorgrad"; ops.matmul(tensor([1]), tensor([2]));`;
    const { message } = await node(["--input-type=module", "-e", wrong], app).then(
      () => new Error("expected an error"),
      (error: Error) => error,
    );
    expect(message).toMatch(/ShapeError: matmul: expected/);
    expect(message).toMatch(/at (\w+\.)?matmul .*dist\/src\//);
  });
});

describe("a strict program", () => {
  let place: string;
  beforeAll(async () => {
    await link(app, ["fast-check", "pure-rand"]);
    place = join(app, "program");
    await mkdir(place);
    await writeFile(join(place, "program.mts"), program);
    await writeFile(
      join(place, "globals.d.ts"),
      "declare const console: { log(...x: unknown[]): void };",
    );
  });

  test.each(Object.entries(resolutions))("type-checks under %s", async (name, options) => {
    const settings = {
      compilerOptions: { ...strict, ...options },
      files: ["program.mts", "globals.d.ts"],
    };
    await writeFile(join(place, "tsconfig.json"), JSON.stringify(settings));
    await typeCheck(place);
    if (name !== "nodenext") return;
    const { stdout } = await node([join(place, "out/program.mjs")], app);
    const rows = ["wasm", "webasm", "cpu", "reference"].map((backend) => `${backend} 2 4 6\n`);
    expect(stdout).toBe(`${rows.join("")}true function\n`);
  });
});

/** What the smoke says of an engine. */
interface Smoked {
  readonly numerics: string;
  readonly loss: number;
  readonly bits: string;
}

describe("another runtime", () => {
  const smoked = (said: string): Smoked[] =>
    said
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  let here: readonly Smoked[];
  beforeAll(async () => {
    await writeFile(join(app, "smoke.mjs"), smoke);
    here = smoked((await node(["smoke.mjs"], app)).stdout);
    expect(here.length).toBe(3);
    expect(here[0]).toEqual(here[1]);
  });

  test.for(runtimes)(
    "$name trains to the same bits where numerics are the same",
    async (one, { skip }) => {
      const { path, reason } = await programOf(one);
      if (path === undefined) skip(reason);
      if (path === undefined) return;
      const got = smoked((await run(path, [...one.before, "smoke.mjs"], app)).stdout);
      expect(got.length).toBe(here.length);
      // Whatever the number of threads.
      expect(got[0]).toEqual(got[1]);
      for (const [i, { numerics, loss, bits }] of here.entries()) {
        const own = at(got, i);
        expect(Math.abs(own.loss - loss)).toBeLessThan(1e-5);
        if (numerics === own.numerics && numerics !== "reference") expect(own.bits).toBe(bits);
      }
      // Two instruction sets at most: one of them is as here.
      const fuses = here[0]?.numerics === "wasm-fma" && one.fuses;
      expect(at(got, 0).numerics).toBe(fuses ? "wasm-fma" : "wasm-plain");
    },
  );
});

// What they say of sizes is left out: GPU.js alone is larger than they like, and loaded when wanted.
describe("warns of nothing", () => {
  beforeAll(async () => {
    await writeFile(join(app, "page.js"), page);
    await writeFile(join(app, "index.html"), `<script type="module" src="./page.js"></script>`);
  });

  test("esbuild", async () => {
    const { warnings } = await esbuild({
      entryPoints: [join(app, "page.js")],
      ...{ bundle: true, format: "esm", splitting: true, outdir: join(app, "esbuild") },
      ...{ logLevel: "silent", absWorkingDir: app },
    });
    expect(warnings).toEqual([]);
  });

  test("Vite", async () => {
    const said: string[] = [];
    const hear = (text: string): void => void said.push(text);
    await vite({
      ...{ root: app, configFile: false },
      // How long plugins take says something of this machine.
      build: { chunkSizeWarningLimit: 2000, rolldownOptions: { checks: { pluginTimings: false } } },
      customLogger: {
        ...{ info: () => {}, warn: hear, warnOnce: hear, error: hear },
        ...{ clearScreen: () => {}, hasErrorLogged: () => false, hasWarned: false },
      },
    });
    expect(said).toEqual([]);
  });

  test("webpack", async () => {
    // Its own types would make every check of this repository slower.
    const webpack = createRequire(import.meta.url)("webpack") as (
      options: object,
      done: (error: Error | null, stats?: { toJson(options: object): Warnings }) => void,
    ) => void;
    const options = {
      ...{ mode: "production", context: app, entry: "./page.js", performance: false },
      ...{ output: { path: join(app, "webpack") }, optimization: { minimize: false } },
    };
    const said = await new Promise<Warnings>((resolve, reject) => {
      webpack(options, (error, stats) =>
        stats ? resolve(stats.toJson({ all: false, warnings: true, errors: true })) : reject(error),
      );
    });
    expect(said).toMatchObject({ warnings: [], errors: [] });
  });
});

interface Warnings {
  readonly warnings: readonly object[];
  readonly errors: readonly object[];
}
