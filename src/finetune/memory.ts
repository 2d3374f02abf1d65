import { type BatchPlan, planFineTune } from "../anchored/plan.ts";
import { stepBytes } from "../anchored/stepBytes.ts";
import type { Engine } from "../engines/engine.ts";
import { standIn } from "../engines/standIn.ts";
import type { Params } from "../nn/config.ts";
import { lora } from "../nn/lora.ts";
import { type Transformer, transformer } from "../nn/transformer.ts";
import { bytes } from "../report/format.ts";
import { DataError } from "../tensor/errors.ts";
import { key } from "../tensor/random.ts";
import { sizeOf } from "../tensor/shapes.ts";
import { bytesOf, storageTypes } from "../tensor/storage/types.ts";
import type { StorageType } from "../tensor/tensor.ts";
import { type Example, lengthOf } from "../train/examples.ts";
import type { FinetuneData } from "./check.ts";
import type { WeightsDtype } from "./keptAs.ts";
import type { DescribedModel } from "./load.ts";
import { adapterOf, type FinetuneRecipe } from "./recipe.ts";
import { methodTraining, needsSft, sftTraining, type Training } from "./train/training.ts";

/** Bytes that a run takes on its engine at its fullest. */
export interface RunMemory {
  /** Of the model as it stands. */
  readonly model: number;
  /** What is trained, optimizer state, and copies that are kept of it. */
  readonly training: number;
  /** What a step computes, most at one time. */
  readonly step: number;
  readonly total: number;
  /** Whether gradients compute each block again. */
  readonly isRecomputed: boolean;
}

/** What is about to be run. */
export interface Planned {
  readonly engine: Engine;
  readonly recipe: FinetuneRecipe;
  readonly described: DescribedModel;
  readonly data: FinetuneData;
  /** How the frozen weights are held. */
  readonly dtype: WeightsDtype;
}

/**
 * Plans the largest step of a run, from shapes alone, and whether its blocks are computed again: where
 * the recipe leaves it open, only if the memory is too small otherwise.
 * @param available bytes
 * @throws DataError with the numbers where it does not fit
 */
export function planMemory(planned: Planned, available: number): RunMemory {
  const { gradientCheckpointing: said } = planned.recipe;
  const plain = said === "block" ? undefined : memoryOf(planned, false);
  if (plain && (plain.total <= available || said === "none")) {
    expectToFit(plain, available, planned);
    return plain;
  }
  const recomputed = memoryOf(planned, true);
  // Of weights that are all trained it may save nothing.
  const least = plain && plain.total <= recomputed.total ? plain : recomputed;
  expectToFit(least, available, planned);
  return least;
}

/** What is trained, as it started; beside it p_sft and the start of an outer step. */
const COPIES = { sft: 1, method: 3 } as const;

function memoryOf(
  { engine, recipe, described, data, dtype }: Planned,
  isRecomputed: boolean,
): RunMemory {
  const { config, stopTokens } = described;
  const base = transformer({ ...config, gradientCheckpointing: isRecomputed });
  const kind = adapterOf(recipe);
  const held = dtype === "file" ? storedType(described) : dtype;
  const frozen = standIns(base.shapes, held);
  const model = kind ? lora(kind).over(base, frozen) : base;
  const start = standIns(model.shapes, "f32");
  const common = { recipe, model, start, data, key: key(0), loaded: { stopTokens } };
  const bytesOf = (training: Training): number => {
    const plan = planFineTune(training);
    return stepBytes(engine, plan, longestOf(data, plan.batch));
  };
  const ofModel = bytesIn(kind ? frozen : start);
  const trained = 4 * sizesOf(model.shapes);
  const method = methodTraining(common, start);
  const copies = method ? COPIES.method : COPIES.sft;
  const fullest = Math.max(
    needsSft(recipe.method) ? bytesOf(sftTraining(common)) : 0,
    method ? bytesOf(method) : 0,
  );
  const total = fullest + copies * trained;
  const training = (kind ? 3 + copies : 2 + copies) * trained;
  return { model: ofModel, training, step: total - ofModel - training, total, isRecomputed };
}

/** The examples of the largest batch that there can be. */
function longestOf({ train, replay }: FinetuneData, { size, replayed }: BatchPlan): Example[] {
  const byLength = (examples: readonly Example[]) =>
    examples.toSorted((a, b) => lengthOf(b) - lengthOf(a));
  return [...byLength(train.examples).slice(0, size), ...byLength(replay).slice(0, replayed)];
}

/** What the files' matrices are stored as, where kernels read it; else they become float32. */
function storedType({ source: { weights } }: DescribedModel): StorageType | "f32" {
  const matrix = weights.names.find((name) => weights.shapeOf(name).length > 1);
  const stored = matrix === undefined ? "" : weights.dtypeOf(matrix).toLowerCase();
  return storageTypes.find((type) => type === stored) ?? "f32";
}

/** Parameters as `keptAs` would hold them: matrices so, vectors in float32. */
const standIns = (shapes: Transformer["shapes"], held: StorageType | "f32"): Params =>
  Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const fits = held !== "q8_0" || (shape.at(-1) ?? 1) % 32 === 0;
      const stored = fits ? held : "f16";
      return [name, standIn(shape, stored === "f32" || shape.length < 2 ? "float" : stored)];
    }),
  );

const bytesIn = (params: Params): number =>
  Object.values(params).reduce((sum, { dtype, shape }) => sum + bytesOf(dtype, sizeOf(shape)), 0);

const sizesOf = (shapes: Transformer["shapes"]): number =>
  Object.values(shapes).reduce((sum, shape) => sum + sizeOf(shape), 0);

/** @throws DataError with the numbers, and what would make it fit */
function expectToFit(
  memory: RunMemory,
  available: number,
  { engine, recipe, data, dtype }: Planned,
): void {
  if (memory.total <= available) return;
  const { model, training, step, total, isRecomputed } = memory;
  const batch = Math.min(recipe.batch, recipe.microBatch ?? Infinity, data.train.examples.length);
  const length = Math.max(...data.train.examples.map(lengthOf));
  const isWasm = engine.backend === "wasm";
  const advice = [
    ...(!recipe.full && dtype === "f32" ? ["--dtype bf16 for the frozen model"] : []),
    ...(recipe.full ? ["an adapter (--lora 16) in place of --full"] : []),
    ...(isRecomputed ? [] : ["--gradient-checkpointing block"]),
    ...(batch > 1 ? ["a smaller --micro-batch"] : []),
    "a smaller --max-length",
    ...(isWasm && available === WASM_BYTES
      ? ["a GPU (--backend webgpu): wasm's addresses have 32 bits, which reach 4 GiB"]
      : []),
  ];
  throw new DataError(
    `finetune: expected a run that fits into ${bytes(available)}, got one of ${bytes(total)}: ` +
      `the model ${bytes(model)}, what is trained ${bytes(training)}, a step ${bytes(step)} ` +
      `for ${batch} × ${length} tokens${isRecomputed ? ", blocks computed again" : ""}; ` +
      `try ${advice.join(", or ")}, or --memory if more is there`,
  );
}

/** wasm's memory has addresses of 32 bits. */
export const WASM_BYTES: number = 2 ** 32;
