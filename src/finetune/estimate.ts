import type { FullConfig } from "../nn/config.ts";
import { DataError } from "../tensor/errors.ts";

export interface Estimate {
  /** Of the model as it stands. */
  readonly model: number;
  /** Gradients, optimizer state, and copies of what is trained. */
  readonly training: number;
  /** What a step keeps of its forward pass, logits included. */
  readonly activations: number;
  readonly total: number;
}

export interface Planned {
  /** What the model itself takes. */
  readonly modelBytes: number;
  /** Of the model, and of them those that are trained. */
  readonly parameters: number;
  readonly trainable: number;
  readonly config: Pick<FullConfig, "layers" | "width" | "hidden" | "vocabSize" | "heads">;
  /** Examples that pass through the model at a time, and positions of the longest. */
  readonly batch: number;
  readonly length: number;
  /** Whether the head comes in blocks, as over a frozen one. */
  readonly headInBlocks: boolean;
}

/** Copies of what is trained: itself, gradient, both moments, snapshot, reference, start. */
const COPIES = 7;
/** Vectors of the model's width, and of the MLP's, that a layer keeps for its gradient. */
const OF_WIDTH = 14;
const OF_HIDDEN = 4;
/** Logits and what is made of them. */
const OF_LOGITS = 4;
const BLOCK = 2 ** 22;

/** Bytes that a run takes on its engine: an estimate, from the sizes alone. */
export function estimateMemory(planned: Planned): Estimate {
  const { modelBytes, parameters, trainable, config, batch, length, headInBlocks } = planned;
  const tokens = batch * Math.ceil(length / 4) * 4;
  // In full fine-tuning the base is one of the copies.
  const training = 4 * (trainable === parameters ? COPIES - 1 : COPIES) * trainable;
  const layer = OF_WIDTH * config.width + OF_HIDDEN * config.hidden;
  const logits = tokens * config.vocabSize;
  const activations =
    4 *
    (tokens * config.layers * layer +
      OF_LOGITS * (headInBlocks ? Math.min(BLOCK, logits) : logits));
  return { model: modelBytes, training, activations, total: modelBytes + training + activations };
}

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GiB`;

/** @throws DataError with the numbers, and what would make it fit */
export function expectToFit(estimate: Estimate, available: number, planned: Planned): void {
  if (estimate.total <= available) return;
  const { model, training, activations, total } = estimate;
  const isFull = planned.trainable === planned.parameters;
  const advice = [
    ...(!isFull && model > 2.1 * planned.parameters ? ["--dtype bf16 for the frozen model"] : []),
    ...(isFull ? ["an adapter (--lora 16) in place of --full"] : []),
    ...(planned.batch > 1 ? ["a smaller --micro-batch"] : []),
    "a smaller --max-length",
  ];
  throw new DataError(
    `finetune: expected a run that fits into ${gib(available)}, got one of about ${gib(total)}: ` +
      `the model ${gib(model)}, what is trained ${gib(training)}, a step's activations ${gib(activations)} ` +
      `for ${planned.batch} × ${planned.length} tokens; try ${advice.join(", or ")}, or --memory if more is there`,
  );
}
