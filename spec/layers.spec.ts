import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { crowded, importsOf, layers, long, offenders, type Sources } from "./layers.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const folders = ["src", "kernels", "packaging", "spec", "bench"];
/** Files that are one table and may be longer than others. */
const TABLES: readonly string[] = [];

const files = folders.flatMap((folder) =>
  readdirSync(`${root}${folder}`, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(root.length)),
);
const sources: Sources = Object.fromEntries(
  files
    .filter((file) => /\.(ts|mts|mjs|js)$/.test(file))
    .map((file) => [file, readFileSync(`${root}${file}`, "utf8")]),
);

describe("the repository", () => {
  test("imports only what stands before it in the order of the layers", () => {
    expect(offenders(sources)).toEqual([]);
  });

  test("has at most 20 files at one level", () => {
    expect(crowded(files, 20)).toEqual([]);
  });

  test("has at most 300 lines a file, tables excepted", () => {
    const others = Object.entries(sources).filter(([file]) => !TABLES.includes(file));
    expect(long(Object.fromEntries(others), 300)).toEqual([]);
  });

  test("is read: most files import others", () => {
    const importing = Object.entries(sources).filter(([file, text]) => importsOf(file, text)[0]);
    expect(importing.length).toBeGreaterThan(Object.keys(sources).length / 2);
  });
});

describe("the checker", () => {
  test("knows each layer once", () => {
    expect(new Set(layers.flat()).size).toBe(layers.flat().length);
  });

  test.each([
    [`import { a } from "../nn/a.ts";`, "src/nn/a.ts"],
    [`import type { A } from "../engines/wasm/a.ts";`, "src/engines/wasm/a.ts"],
    [`export {\n  a,\n  b,\n} from "../cli/a.ts";`, "src/cli/a.ts"],
    [`export * from '../lab/a.ts';`, "src/lab/a.ts"],
    [`const a = await import("../index.ts");`, "src/index.ts"],
    [`import "../../spec/seed.ts";`, "spec/seed.ts"],
    [`import a from "../../bench/a.mjs";`, "bench/a.mjs"],
    [`import a from "../../kernels/gpu/a.ts";`, "kernels/gpu/a.ts"],
    [`import a from "../../dist/src/engines/a.js";`, "src/engines/a.ts"],
  ])("names an import that runs up: %s", (text, target) => {
    expect(offenders({ "src/tensor/x.ts": text })).toEqual([
      `src/tensor/x.ts: expected imports from before src/tensor, got ${target}`,
    ]);
  });

  test("names an import that runs aside, and a file that is in no layer", () => {
    expect(offenders({ "src/cli/a/x.ts": `import a from "../../lab/a.ts";` })).toEqual([
      "src/cli/a/x.ts: expected imports from before src/cli, got src/lab/a.ts",
    ]);
    expect(offenders({ "src/misc/x.ts": "" })).toEqual([
      "src/misc/x.ts: expected a folder of spec/layers.ts, got none",
    ]);
  });

  test("lets through what runs down, what stays within, packages and comments", () => {
    const text = `import a from "../tensor/a.ts"; import b from "./b.ts"; import c from "vitest";
      // import d from "../cli/d.ts";
      /* from "../lab/e.ts" */`;
    expect(offenders({ "src/nn/x.ts": text })).toEqual([]);
  });

  test("counts files at one level and lines", () => {
    const names = (folder: string, n: number) =>
      Array.from({ length: n }, (_, i) => `${folder}/${i}`);
    expect(crowded([...names("a", 2), ...names("a/b", 3), "c"], 2)).toEqual([
      "a/b: expected at most 2 files at one level, got 3",
    ]);
    expect(long({ x: "1\n2\n", y: "1\n2\n3\n" }, 2)).toEqual([
      "y: expected at most 2 lines, got 3",
    ]);
  });
});
