import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { rolldown } from "rolldown";

/**
 * In the shortest way to say the same: without comments, which stand in the declarations, white space,
 * and names of what functions hold for themselves. Functions and classes keep theirs, for programs
 * and errors go by them.
 */
const compactly = {
  mangle: { toplevel: true, keepNames: true },
  compress: { keepNames: { function: true, class: true } },
  codegen: { removeWhitespace: true },
};

/** Every file of a folder whose name ends so. */
export const filesIn = (folder, ending) =>
  readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name));

/** Files that those lead to by relative imports, themselves included, each with that ending. */
export function reachable(entries, ending) {
  const found = new Set(entries);
  for (const file of found)
    for (const [, path] of readFileSync(file, "utf8").matchAll(
      /(?:from|import\()\s*"(\.[^"]+)\.[jt]s"/g,
    ))
      found.add(`${join(dirname(file), path)}${ending}`);
  return found;
}

/** Stands for the address of the module that asks for it, until it is known where that has come to. */
const asking = (module) => `globalThis["address of ${module}"]`;
const asked = /globalThis\[(?:"|'|`)address of ([^"'`]+)(?:"|'|`)\]/g;

const nameless = /(?<=^|;)import"\.{1,2}\/[^"]*";/g;

/**
 * Joins modules into fewer files: of a thousand small ones a tenth of the tarball is names and headers.
 * What is loaded apart stays apart: entries, what is imported when it is wanted, and what several of
 * them share.
 * @param source folder of the modules; the files take the modules' place
 * @param entries modules that keep their path, from there and without ending
 * @param kept files that stay as they are
 * @param packages what is installed with it
 * @throws Error for an import of anything else, which would fail where it is installed
 */
export async function joinModules(source, entries, kept, packages) {
  const isInstalled = (id) =>
    id.startsWith("node:") || packages.some((name) => id === name || id.startsWith(`${name}/`));
  const bundle = await rolldown({
    input: Object.fromEntries(entries.map((entry) => [entry, join(source, `${entry}.js`)])),
    // For Node's a helper that pages load too would import from it.
    platform: "neutral",
    treeshake: { moduleSideEffects: false },
    plugins: [
      {
        name: "packaging",
        resolveId(id, importer) {
          if (importer === undefined) return null;
          if (!id.startsWith(".")) {
            if (isInstalled(id)) return { id, external: true };
            throw new Error(
              `${relative(source, importer)}: ${id} is not installed with the package`,
            );
          }
          const path = join(dirname(importer), id);
          return kept.has(path) ? { id: path, external: true } : { id: path };
        },
        transform: (code, id) =>
          code.replaceAll("import.meta.url", asking(relative(source, id).replaceAll("\\", "/"))),
      },
    ],
  });
  const { output } = await bundle.generate({
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "joined/[name].js",
    minify: compactly,
  });
  await bundle.close();
  for (const file of filesIn(source, ".js")) if (!kept.has(file)) rmSync(file);
  for (const { fileName, code, isEntry, isDynamicEntry } of output) {
    const place = dirname(join(source, fileName));
    const addressed = code.replace(asked, (_, module) => {
      const path = relative(place, join(source, module)).replaceAll("\\", "/");
      return `new URL("${path.startsWith(".") ? path : `./${path}`}",import.meta.url).href`;
    });
    mkdirSync(place, { recursive: true });
    // Bundlers warn of imports that name nothing, of files that do nothing by themselves.
    const named = isEntry || isDynamicEntry ? addressed : addressed.replace(nameless, "");
    writeFileSync(join(source, fileName), named);
  }
}
