// A process in a copy of the tree that keeps Vitest warm: told `{ file, text, specs }`, it puts the
// text in the file's place, runs the specs in their order until one fails, and tells which.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createVitest } from "vitest/node";

const root = process.cwd();
const generated = join(root, "src/engines/wasm/machine/modules.generated.ts");

/** The files in the order in which they are given: the nearest first. */
class AsGiven {
  shard = (files) => files;
  sort = (files) => files;
}

/** Tells of every test that ends: what goes on is waited for. */
const beats = { onTestCaseResult: () => process.send({ beat: true }) };

const vitest = await createVitest("test", {
  ...{ root, config: join(root, "spec/vitest.config.ts"), watch: false, bail: 1 },
  ...{
    maxWorkers: 1,
    fileParallelism: false,
    reporters: [beats],
    sequence: { sequencer: AsGiven },
  },
  ...{ update: false, cache: false },
});
const project = vitest.getRootProject();
await vitest.standalone?.();

/** How long each spec took that ran to its end, in seconds. */
const secondsOf = ({ testModules }) =>
  Object.fromEntries(
    testModules.map((module) => {
      const { duration, collectDuration, setupDuration, prepareDuration } = module.diagnostic();
      const all = duration + collectDuration + setupDuration + prepareDuration;
      return [module.relativeModuleId, module.state() === "passed" ? all / 1000 : undefined];
    }),
  );

/** The first thing that went wrong in a run; undefined where all went well. */
function faultOf({ testModules, unhandledErrors }) {
  for (const module of testModules) {
    for (const test of module.children.allTests("failed"))
      return `${module.relativeModuleId}: ${test.fullName}`;
    if (module.errors().length > 0)
      return `${module.relativeModuleId}: ${module.errors()[0].message.split("\n")[0]}`;
  }
  return unhandledErrors.length > 0 ? `${unhandledErrors[0]}` : undefined;
}

async function runSpecs(specs) {
  const files = specs.map((spec) => project.createSpecification(join(root, spec)));
  const result = await vitest.runTestSpecifications(files);
  return { fault: faultOf(result), seconds: secondsOf(result) };
}

/** Writes files as a mutant has them. */
function put(file, text, build) {
  writeFileSync(join(root, file), text);
  vitest.invalidateFile(join(root, file));
  if (!build) return;
  execFileSync(process.execPath, build, { cwd: root, stdio: "pipe" });
  vitest.invalidateFile(generated);
}

async function tryMutant({ file, text, specs, build }) {
  const source = readFileSync(join(root, file), "utf8");
  const binaries = build && readFileSync(generated, "utf8");
  try {
    put(file, text, build);
  } catch (error) {
    // What does not compile is noticed by nobody's specs, and runs nowhere.
    writeFileSync(join(root, file), source);
    return { refused: `${error.stderr ?? error}`.trim().split("\n")[0] };
  }
  try {
    return await runSpecs(specs);
  } finally {
    put(file, source);
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
