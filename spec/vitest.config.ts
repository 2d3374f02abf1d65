import { fileURLToPath } from "node:url";
import { defineConfig, type ViteUserConfig } from "vitest/config";
import { compiledSources, loadedByNode } from "./compiled.ts";
import { LongestFirst } from "./sequencer.ts";

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/**
 * Files that need a process of their own: they start others, count what theirs holds, change its clock,
 * its environment or a module, or keep what GPU.js has once for all.
 */
const APART: readonly string[] = [
  ...["spec/{browser,packaging,queue}/**/*.spec.ts", "spec/docs/{methods,programs,site}.spec.ts"],
  ...["spec/jobs/{repeatedly,waiting}.spec.ts", "spec/logs/background.spec.ts"],
  ...["spec/cli/sweep/{fusion,sweep}.spec.ts", "spec/cli/worker/*.spec.ts"],
  ...["spec/cli/{claim,failure}.spec.ts", "spec/cli/diagnose/checkpoint.spec.ts"],
  "spec/cli/{finetune/finetune,model/export}.spec.ts",
  "spec/lab/{firefox,model,page,training,views}.spec.ts",
  "spec/engines/gpu/gpu.spec.ts",
  "spec/engines/wasm/machine/{build,failure,forgotten,threads}.spec.ts",
  ...["spec/experiment/queue/*.spec.ts", "spec/experiment/sweep/{processes,runSweep}.spec.ts"],
  "spec/experiment/row/killed.spec.ts",
  ...["spec/finetune/{memory,stories}.spec.ts", "spec/finetune/queue/*.spec.ts"],
  "spec/pretrain/texts/texts.spec.ts",
  ...["spec/weights/disk/*.spec.ts", "spec/weights/saveWeights.spec.ts"],
];

/** What both kinds of files have. */
const both = {
  plugins: [compiledSources()],
  // Scripts that import what is built are tested as they stand in src.
  resolve: {
    alias: [{ find: /^.*\/dist\/src\/index\.js$/, replacement: here("../src/index.ts") }],
  },
  test: {
    server: { deps: { external: [loadedByNode] } },
    setupFiles: [here("seed.ts")],
    // For what hangs alone: a busy machine is no failure, however busy; who asks for many mutants waits.
    testTimeout: process.env["FUZZ"] === undefined ? 1_800_000 : 0,
    hookTimeout: 1_800_000,
    expect: { poll: { timeout: 600_000 } },
  },
};

const config: ViteUserConfig = defineConfig({
  root: here(".."),
  test: {
    reporters: ["default", here("reporter.ts")],
    // For two cores: of three files, one mostly waits for a lease, a server, a process or a GPU.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        ...both,
        test: {
          ...{ ...both.test, name: "apart", include: [...APART] },
          globalSetup: [here("lab/folder.ts")],
        },
      },
      {
        ...both,
        test: {
          ...{ ...both.test, name: "together", include: ["spec/**/*.spec.ts"] },
          // To start a process and to load the modules costs more than most of these files' tests.
          ...{ exclude: [...APART], isolate: false },
        },
      },
    ],
  },
});
export default config;
