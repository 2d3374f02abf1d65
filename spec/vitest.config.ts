import { fileURLToPath } from "node:url";
import { defineConfig, type ViteUserConfig } from "vitest/config";
import { LongestFirst } from "./sequencer.ts";

const config: ViteUserConfig = defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  // Scripts that import what is built are tested as they stand in src.
  resolve: {
    alias: [
      {
        find: /^.*\/dist\/src\/index\.js$/,
        replacement: fileURLToPath(new URL("../src/index.ts", import.meta.url)),
      },
    ],
  },
  test: {
    include: ["spec/**/*.spec.ts"],
    setupFiles: [fileURLToPath(new URL("seed.ts", import.meta.url))],
    globalSetup: [fileURLToPath(new URL("lab/folder.ts", import.meta.url))],
    reporters: ["default", fileURLToPath(new URL("reporter.ts", import.meta.url))],
    // Two cores: more workers would only slow the engines' own threads down.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // For what hangs alone: a busy machine is no failure, however busy.
    testTimeout: 1_800_000,
    hookTimeout: 1_800_000,
  },
});
export default config;
