/**
 * What other tools call our options, without dashes: those of TRL, transformers, PEFT, llama.cpp
 * and vLLM.
 */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  adapter: ["lora-adapter", "peft-model", "adapter-name-or-path"],
  against: ["reference-model", "ref-model"],
  backend: ["device", "n-gpu-layers"],
  batch: ["batch-size", "per-device-train-batch-size", "gradient-accumulation-steps"],
  "checkpoint-every": ["save-steps", "save-strategy"],
  clip: ["max-grad-norm"],
  data: ["dataset-name", "dataset", "train-file", "train-data"],
  decay: ["lr-scheduler-type", "lr-scheduler"],
  dora: ["use-dora"],
  dtype: ["torch-dtype", "load-in-8bit", "load-in-4bit", "outtype", "model-dtype"],
  epochs: ["num-train-epochs", "num-epochs"],
  eval: ["eval-dataset", "eval-file", "validation-file", "val-data", "test"],
  full: ["full-finetune", "no-peft"],
  "gradient-checkpointing": ["use-gradient-checkpointing"],
  "learning-rate": ["lr", "rate"],
  "eval-share": ["eval-split", "val-split", "test-size", "validation-split", "eval-fraction"],
  keep: ["load-best-model-at-end"],
  log: ["report-to"],
  "look-every": ["eval-steps", "eval-strategy", "steps-per-eval"],
  lora: ["lora-r", "lora-rank", "use-peft", "rank"],
  "lora-targets": ["lora-target-modules", "target-modules"],
  "max-length": ["max-seq-length", "max-seq-len", "cutoff-len", "block-size"],
  "max-steps": ["iters", "num-steps", "max-train-steps"],
  "max-tokens": ["max-new-tokens", "n-predict", "max-completion-tokens"],
  "micro-batch": ["micro-batch-size", "per-device-batch-size"],
  "modules-to-save": ["lora-modules-to-save"],
  model: ["model-name-or-path", "model-id", "base-model", "hf-repo"],
  out: ["output-dir", "output", "outfile", "save-path"],
  "prompt-lookup": ["prompt-lookup-num-tokens"],
  patience: ["early-stopping-patience", "early-stopping"],
  prompts: ["prompt", "file", "input"],
  recipe: ["config"],
  "repetition-penalty": ["repeat-penalty"],
  rslora: ["use-rslora"],
  sampled: ["do-sample"],
  stop: ["stop-strings", "reverse-prompt"],
  system: ["system-prompt", "sys"],
  temperature: ["temp"],
  to: ["format", "outtype"],
  warmup: ["warmup-ratio", "warmup-steps"],
  weights: ["bf16", "optim-dtype"],
};

/** Letters to insert, remove or replace (Levenshtein 1966). */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, i) => i);
  for (const letter of left) {
    const next = [(row[0] ?? 0) + 1];
    for (let i = 1; i < row.length; i++) {
      const kept = (row[i - 1] ?? 0) + (letter === right[i - 1] ? 0 : 1);
      next.push(Math.min((row[i] ?? 0) + 1, (next[i - 1] ?? 0) + 1, kept));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/**
 * The name nearest to a word, two letters away at most and half of a short one; undefined where
 * none is.
 */
export function nearest(word: string, names: readonly string[]): string | undefined {
  const [first] = names
    .map((name) => ({ name, letters: distance(name, word) }))
    .sort((a, b) => a.letters - b.letters);
  return first && first.letters <= Math.min(2, word.length / 2) ? first.name : undefined;
}

/** The option that one of another spelling, or of another tool, most likely means. */
export function optionMeant(given: string, options: readonly string[]): string | undefined {
  const word = given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replace(/_/g, "-");
  const known = (name: string): boolean => name === word || !!ELSEWHERE[name]?.includes(word);
  return options.find(known) ?? nearest(word, options);
}
