import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What the kernels' binaries are made of. */
const GENERATED = "src/engines/wasm/machine/modules.generated.ts";
const SPECIFIER = /(?:from|import)\s*\(?\s*"(\.[^"]+)"/g;

/**
 * How far one file is from another that it imports: 1 where it does so itself, more by way of others,
 * Infinity where it never does. Paths are from the root.
 */
export function distances(root) {
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
    const far = new Map([[from, 0]]);
    for (const [file, steps] of far)
      for (const next of importsOf(file)) if (!far.has(next)) far.set(next, steps + 1);
    all.set(from, far);
    return far;
  }
  return (from, to) => reached(from).get(to) ?? Number.POSITIVE_INFINITY;
}

const kernels = (root) =>
  readdirSync(join(root, "kernels/wasm"), { recursive: true })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `kernels/wasm/${name}`);
