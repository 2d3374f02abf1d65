// Makes what tsc has built into what the package holds: `node packaging/bundle.mjs [folder]`, dist by default.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { filesIn, joinModules, reachable } from "./join.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = resolve(process.argv[2] ?? join(root, "dist"));
const own = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

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

/** Libraries of others, loaded when they are wanted. */
const LIBRARIES = ["engines/gpu/gpujs/library", "report/plot"];
/** Speaks to bundlers in comments, which go where files are made shorter. */
const SPEAKS = "engines/gpu/gpujs/dawn";
/** What a process is started with, beside the module that starts it. */
const PROCESSES = ["experiment/sweep/worker", "finetune/queue/finetuneChild"];

const src = join(dist, "src");
const fileOf = (module, ending) => join(src, `${module}${ending}`);
const moduleOf = (path) => relative("dist/src", path).replace(/(\.d\.ts|\.js)$/, "");
const exported = Object.values(own.exports).flatMap(({ types }) => types ?? []);
// Each task for itself: who wants one of them need not take the tables of the others along.
const tasks = readdirSync(join(src, "tasks")).map((name) => `tasks/${name}/index`);
const kept = reachable([fileOf(SPEAKS, ".js")], ".js");
for (const library of LIBRARIES) kept.add(fileOf(library, ".js"));
await joinModules(
  src,
  [
    ...[...exported, ...Object.values(own.bin)].map(moduleOf),
    ...tasks.filter((task) => existsSync(fileOf(task, ".js"))),
    ...PROCESSES,
  ],
  kept,
  Object.keys({ ...own.dependencies, ...own.peerDependencies }),
);
// They stand in the files that use them.
rmSync(join(dist, "kernels"), { recursive: true });

const within = await putIn(LIBRARIES);
const licences = within.map((path) => licenceOf(resolve(root, path)));
writeFileSync(
  join(dist, "THIRD-PARTY-LICENSES.txt"),
  `The package holds code of these:\n\n${licences.join(`\n${"-".repeat(80)}\n\n`)}`,
);
const declared = reachable(
  exported.map((path) => fileOf(moduleOf(path), ".d.ts")),
  ".d.ts",
);
for (const file of filesIn(dist, ".d.ts")) if (!declared.has(file)) rmSync(file);
