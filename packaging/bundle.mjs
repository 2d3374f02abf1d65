// Makes what tsc has built into what the package holds: `node packaging/bundle.mjs [folder]`, dist by default.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { minifySync } from "rolldown/experimental";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = resolve(process.argv[2] ?? join(root, "dist"));
const own = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

const filesIn = (folder, ending) =>
  readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name));

/**
 * Without comments, which stand in the declarations, white space, and names of what functions hold for
 * themselves, in the shortest way to say the same. Functions keep theirs, for programs and errors go by them. Bundlers are spoken to in
 * comments: files that do so are left as they are.
 */
function compact(path, code) {
  if (/@vite-ignore|webpackIgnore|__PURE__/.test(code)) return code;
  const { code: made, errors } = minifySync(path, code, {
    mangle: { toplevel: false, keepNames: true },
    compress: { keepNames: { function: true, class: true } },
    codegen: { removeWhitespace: true },
  });
  if (errors.length > 0) throw new Error(`${path}: ${errors[0].message}`);
  return made;
}

/**
 * Puts libraries into the files that stand for them: installed with the package they and what they
 * bring along would be 121 MB, most of it never used.
 */
async function putIn(entries) {
  const { metafile } = await build({
    entryPoints: entries.map((entry) => join(dist, `src/${entry}.js`)),
    ...{ outdir: join(dist, "src"), outbase: join(dist, "src"), allowOverwrite: true },
    ...{ bundle: true, format: "esm", platform: "node", target: "es2023", minify: true },
    // A folder elsewhere finds them too.
    nodePaths: [join(root, "node_modules")],
    external: ["gl"],
    // They ask for Node's modules and for `gl` by `require`, which an ES module lacks: they get one
    // where there is Node, and none in a page, which they are ready for.
    banner: {
      js: 'const require=globalThis.process?.getBuiltinModule?.("node:module")?.createRequire(import.meta.url);',
    },
    ...{ legalComments: "none", metafile: true, absWorkingDir: root },
  });
  const packages = Object.keys(metafile.inputs).flatMap(
    (path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [],
  );
  return [...new Set(packages)].sort();
}

function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  if (!file) throw new Error(`${name}: expected a licence to go with its code`);
  return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
}

/** Declarations that those of the entries lead to: what the others declare nobody can import. */
function reachable(entries) {
  const found = new Set(entries);
  for (const file of found)
    for (const [, path] of readFileSync(file, "utf8").matchAll(
      /(?:from|import\()\s*"(\.[^"]+)\.[jt]s"/g,
    ))
      found.add(`${join(dirname(file), path)}.d.ts`);
  return found;
}

for (const file of filesIn(dist, ".js"))
  writeFileSync(file, compact(file, readFileSync(file, "utf8")));
const packages = await putIn(["engines/gpu/gpujs/library", "report/plot"]);
const licences = packages.map((path) => licenceOf(resolve(root, path)));
writeFileSync(
  join(dist, "THIRD-PARTY-LICENSES.txt"),
  `The package holds code of these:\n\n${licences.join(`\n${"-".repeat(80)}\n\n`)}`,
);
const declared = reachable(
  Object.values(own.exports).flatMap(({ types }) =>
    types === undefined ? [] : [join(dist, relative("dist", types))],
  ),
);
for (const file of filesIn(dist, ".d.ts")) if (!declared.has(file)) rmSync(file);
