/** The paper's benchmarks: generators, loaders, prompts and verifiers. */

export { type Parsed, type Problem, parseJsonl, writeJsonl } from "../text/jsonl.ts";
export * as countdown from "./countdown/index.ts";
export * as finalAnswer from "./finalAnswer.ts";
export * as ifeval from "./ifeval/index.ts";
export * as igsm from "./igsm/index.ts";
export * as medcalc from "./medcalc/index.ts";
export type { Mini, MiniVerdict } from "./mini.ts";
export { OptionsError } from "./optionsError.ts";
