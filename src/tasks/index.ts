/** The paper's benchmarks: generators, loaders, prompts and verifiers. */
export * as ifeval from "./ifeval/index.ts";
