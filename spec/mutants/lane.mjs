// A process in a copy of the tree that keeps Vitest warm: told `{ file, text, specs, laws, name }`, it puts
// the text in the file's place, runs the laws' tests of that name and then the specs in their order, until
// one fails, and tells which.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createVitest } from "vitest/node";

const root = process.cwd();
const generated = join(root, "src/engines/wasm/machine/modules.generated.ts");

/** The files in the order in which they are given: the nearest first. */
class AsGiven {
  shard = (files) => files;
  sort = (files) => files;
}

/** What a run's own tests said. What Vitest returns in the end holds those of the runs before too. */
let heard = { seconds: {} };

const firstLine = (errors) => `${errors[0]?.message ?? "failed"}`.split("\n")[0];

const listener = {
  /** Tells of every test that ends: what goes on is waited for. */
  onTestCaseResult(test) {
    process.send({ beat: true });
    if (test.result().state === "failed")
      heard.fault ??= `${test.module.relativeModuleId}: ${test.fullName}`;
  },
  onTestModuleEnd(module) {
    const { duration, collectDuration, setupDuration, prepareDuration } = module.diagnostic();
    const all = duration + collectDuration + setupDuration + prepareDuration;
    if (module.state() === "passed") heard.seconds[module.relativeModuleId] = all / 1000;
    if (module.state() === "failed")
      heard.fault ??= `${module.relativeModuleId}: ${firstLine(module.errors())}`;
  },
};

const vitest = await createVitest("test", {
  ...{ root, config: join(root, "spec/vitest.config.ts"), watch: false, bail: 1, mode: "mutants" },
  ...{
    maxWorkers: 1,
    fileParallelism: false,
    reporters: [listener],
    sequence: { sequencer: AsGiven },
  },
  ...{ update: false, cache: false },
  // A busy machine makes no test fail: lanes.mjs ends by its work what never ends.
  ...{ testTimeout: 0, hookTimeout: 0 },
});
// Mutants leave no module as it was: every file of specs has a process of its own.
const project = vitest.projects.find(({ name }) => name === "apart");
await vitest.standalone?.();

/** @param name what a test's title must hold; all are run without */
async function runSpecs(specs, name) {
  if (name === undefined) vitest.resetGlobalTestNamePattern();
  else vitest.setGlobalTestNamePattern(new RegExp(`\\b${name}\\b`));
  const files = specs.map((spec) => project.createSpecification(join(root, spec)));
  heard = { seconds: {} };
  const { unhandledErrors } = await vitest.runTestSpecifications(files);
  const stray = unhandledErrors.length > 0 ? `${specs.at(-1)}: ${unhandledErrors[0]}` : undefined;
  return { fault: heard.fault ?? stray, seconds: heard.seconds };
}

let builds = 0;

/** Writes files as a mutant has them. Compilers stay warm: a script that builds is imported once more. */
async function put(file, text, build) {
  writeFileSync(join(root, file), text);
  vitest.invalidateFile(join(root, file));
  if (!build) return;
  const [script, ...flags] = build;
  process.argv = [...process.argv.slice(0, 2), ...flags];
  await import(`${pathToFileURL(join(root, script))}?${builds++}`);
  vitest.invalidateFile(generated);
}

async function tryMutant({ file, text, specs, laws, name, build }) {
  const source = readFileSync(join(root, file), "utf8");
  const binaries = build && readFileSync(generated, "utf8");
  try {
    await put(file, text, build);
  } catch (error) {
    // What does not compile is noticed by nobody's specs, and runs nowhere.
    writeFileSync(join(root, file), source);
    return { refused: `${error}`.trim().split("\n")[0] };
  }
  try {
    const quick = laws.length > 0 ? await runSpecs(laws, name) : undefined;
    return quick?.fault ? { ...quick, seconds: {} } : await runSpecs(specs);
  } finally {
    await put(file, source);
    if (build) {
      writeFileSync(generated, binaries);
      vitest.invalidateFile(generated);
    }
  }
}

process.on("message", async (job) => {
  try {
    process.send(await (job.file ? tryMutant(job) : runSpecs(job.specs)));
  } catch (error) {
    process.send({ crash: `${error.stack}` });
  }
});
process.on("disconnect", () => process.exit());
process.send({ ready: true });
