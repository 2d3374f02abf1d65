import { posix } from "node:path";

/**
 * The layers: what stands below may import what stands above, never the other way round; folders of
 * one line do not import each other.
 */
export const layers: readonly (readonly string[])[] = [
  ["kernels/wasm"],
  ["src/tensor"],
  ["src/json"],
  ["src/compile"],
  ["kernels/gpu"],
  ["src/engines"],
  ["src/nn"],
  ["src/optim", "src/arbitraries"],
  ["src/train"],
  ["src/weights", "src/text"],
  ["src/store", "src/queue"],
  ["src/jobs"],
  ["src/anchored"],
  ["src/tasks"],
  ["src/report"],
  ["src/logs"],
  ["src/finetune"],
  ["src/pretrain"],
  ["src/experiment"],
  ["src/index.ts"],
  ["src/cli", "src/lab"],
  ["packaging"],
  ["bench"],
  ["spec"],
];

/** A file's path from the root, and its text. */
export type Sources = Readonly<Record<string, string>>;

/** `import … from "…"`, `export … from "…"`, `import "…"`, `import("…")`. */
const imports = /(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']/g;
const comments = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm;

/** The files of the repository that a file imports; what is built counts as what it is built of. */
export function importsOf(file: string, text: string): string[] {
  return [...text.replace(comments, "").matchAll(imports)].flatMap(([, name = ""]) =>
    name.startsWith(".")
      ? [posix.join(posix.dirname(file), name).replace(/^dist\/(.*)\.js$/, "$1.ts")]
      : [],
  );
}

const isIn = (layer: string, path: string): boolean =>
  path === layer || path.startsWith(`${layer}/`);

/** The layer's place in the order, and its name; undefined for a file that is in none. */
function layerOf(path: string): { readonly at: number; readonly name: string } | undefined {
  for (const [at, names] of layers.entries()) {
    const name = names.find((one) => isIn(one, path));
    if (name !== undefined) return { at, name };
  }
  return undefined;
}

/** Every import that runs up or aside, and every file that is in no layer: a line for each. */
export function offenders(sources: Sources): string[] {
  return Object.entries(sources).flatMap(([file, text]) => {
    const own = layerOf(file);
    if (!own) return [`${file}: expected a folder of spec/layers.ts, got none`];
    return importsOf(file, text).flatMap((target) => {
      const other = layerOf(target);
      if (!other || other.name === own.name || other.at < own.at) return [];
      return [`${file}: expected imports from before ${own.name}, got ${target}`];
    });
  });
}

/** Folders with more than `most` files of their own: a line for each. */
export function crowded(files: readonly string[], most: number): string[] {
  const counts = new Map<string, number>();
  for (const folder of files.map(posix.dirname)) counts.set(folder, (counts.get(folder) ?? 0) + 1);
  return [...counts].flatMap(([folder, count]) =>
    count > most ? [`${folder}: expected at most ${most} files at one level, got ${count}`] : [],
  );
}

/** Files with more than `most` lines: a line for each. */
export function long(sources: Sources, most: number): string[] {
  return Object.entries(sources).flatMap(([file, text]) => {
    const lines = text.trimEnd().split("\n").length;
    return lines > most ? [`${file}: expected at most ${most} lines, got ${lines}`] : [];
  });
}
