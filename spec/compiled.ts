import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from "node:fs/promises";
import { dirname, join, posix, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type Plugin as EsbuildPlugin, version } from "esbuild";
import type { Plugin } from "vitest/config";

const root = fileURLToPath(new URL("..", import.meta.url));

/** What is compiled lies here, from where Node finds the repository's packages. */
const CACHE = "node_modules/.cache/spec";
/** No run takes longer, ms: what none has begun with since is of nobody's use. */
const LONGEST = 2 * 3_600_000;
/** What Vitest must leave to Node. */
export const loadedByNode: RegExp = /\/node_modules\/\.cache\/spec\//;

/** Files that Node can load: those of the lab want Vite, and so do specs, what imports scripts, and settings. */
const isOurs = (file: string): boolean =>
  /^(src|kernels\/gpu|spec|kernels\/wasm\/(abi|opcodes))\b.*\.ts$/.test(file) &&
  !/^src\/lab\/|^spec\/(browser|docs|lab|mutants|packaging)\/|\.spec\.ts$/.test(file) &&
  !/^spec\/(compiled|reporter|seed|sequencer|vitest\.config)\.ts$/.test(file);

/** The folder of what is compiled, and which files it holds, from the root. */
interface Compiled {
  readonly folder: string;
  readonly files: ReadonlySet<string>;
}

/**
 * Lets Node load the sources, which are compiled once for all processes of a run. Vitest would carry every
 * module to each of its processes, and there the use of an import is a getter's call: the laws of the theory
 * take half as long again. Not where files change meanwhile: in watch mode, and for mutants.
 */
export function compiledSources(): Plugin {
  let compiled: Promise<Compiled> | undefined;
  let changing = false;
  return {
    name: "compiled-sources",
    enforce: "pre",
    configureVitest({ vitest }) {
      changing = vitest.config.watch || vitest.vite.config.mode === "mutants";
    },
    async resolveId(id, importer) {
      if (changing || !id.endsWith(".ts")) return undefined;
      compiled ??= compile();
      const { folder, files } = await compiled;
      const file = fromRoot(id.startsWith(".") && importer ? resolve(dirname(importer), id) : id);
      return files.has(file) ? join(folder, asJavaScript(file)) : undefined;
    },
  };
}

const fromRoot = (file: string): string => relative(root, file).split(sep).join(posix.sep);
const asJavaScript = (file: string): string => file.replace(/\.ts$/, ".js");

async function compile(): Promise<Compiled> {
  const parts = await Promise.all(
    ["src", "kernels", "spec"].map(async (part) =>
      (await readdir(join(root, part), { recursive: true })).map((name) => join(part, name)),
    ),
  );
  const files = parts
    .flat()
    .map((file) => file.split(sep).join(posix.sep))
    .filter(isOurs)
    .sort();
  const texts = await Promise.all(files.map((file) => readFile(join(root, file), "utf8")));
  const hash = createHash("sha256")
    .update(version)
    .update(await readFile(import.meta.filename));
  for (const [i, file] of files.entries()) hash.update(`${file} ${texts[i]}\n`);
  const folder = join(root, CACHE, hash.digest("hex").slice(0, 16));
  if (!existsSync(folder)) await make(folder, files);
  await utimes(folder, new Date(), new Date());
  return { folder, files: new Set(files) };
}

async function make(folder: string, files: string[]): Promise<void> {
  const cache = dirname(folder);
  await mkdir(cache, { recursive: true });
  for (const name of await readdir(cache)) {
    const { mtimeMs } = await stat(join(cache, name));
    if (mtimeMs < Date.now() - LONGEST) await rm(join(cache, name), { recursive: true });
  }
  const made = await mkdtemp(join(cache, "making-"));
  await build({
    ...{ absWorkingDir: root, entryPoints: files, outdir: made, outbase: root },
    ...{ bundle: true, platform: "node", format: "esm", target: "node20" },
    ...{ sourcemap: "linked", logLevel: "error", plugins: [oneByOne(files)] },
  });
  await writeFile(join(made, "package.json"), '{ "type": "module" }');
  // Another run may have made the same meanwhile.
  await rename(made, folder).catch(() => rm(made, { recursive: true }));
}

/** Each file by itself; who asks where it is is told where it was written. */
const oneByOne = (files: readonly string[]): EsbuildPlugin => ({
  name: "one-by-one",
  setup({ onResolve, onLoad }) {
    const known = new Set(files);
    onResolve({ filter: /./ }, ({ kind, path, importer }) => {
      if (kind === "entry-point") return undefined;
      if (!path.startsWith(".")) return { path, external: true };
      const file = fromRoot(resolve(dirname(importer), path));
      if (known.has(file)) return { path: asJavaScript(path), external: true };
      return { errors: [{ text: `expected a file that spec/compiled.ts compiles, got ${file}` }] };
    });
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      const url = JSON.stringify(pathToFileURL(path).href);
      return { contents: text.replaceAll("import.meta.url", url), loader: "ts" };
    });
  },
});
