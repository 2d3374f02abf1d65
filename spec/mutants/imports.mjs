import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What the kernels' binaries are made of. */
const GENERATED = "src/engines/wasm/machine/modules.generated.ts";
const SPECIFIER = /(?:from|import)\s*\(?\s*"(\.[^"]+)"/g;

/** @returns whether one file imports another, directly or by way of others; paths from the root */
export function reaching(root) {
  const known = new Map();
  function importsOf(file) {
    if (!known.has(file)) known.set(file, file === GENERATED ? kernels(root) : read(file));
    return known.get(file);
  }
  function read(file) {
    if (!/\.[mt]?[jt]s$/.test(file) || !existsSync(join(root, file))) return [];
    const text = readFileSync(join(root, file), "utf8");
    return [...text.matchAll(SPECIFIER)].map(([, path]) => join(dirname(file), path));
  }
  const all = new Map();
  function reached(from) {
    if (all.has(from)) return all.get(from);
    const seen = new Set([from]);
    for (const file of seen) for (const next of importsOf(file)) seen.add(next);
    all.set(from, seen);
    return seen;
  }
  return (from, to) => reached(from).has(to);
}

const kernels = (root) =>
  readdirSync(join(root, "kernels/wasm"), { recursive: true })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `kernels/wasm/${name}`);
