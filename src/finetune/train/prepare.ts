import { freemem } from "node:os";
import { resolve } from "node:path";
import { createEngine } from "../../engines/create.ts";
import type { Engine } from "../../engines/engine.ts";
import { expectKnown } from "../../tensor/options.ts";
import { fileDigest, modelDigest } from "../files/digest.ts";
import type { Inputs } from "../files/directory.ts";
import { describeModel } from "../load.ts";
import { WASM_BYTES } from "../memory.ts";
import { completeRecipe, type RecipeOptions } from "../recipe.ts";
import { type Prepared, prepareOn } from "./prepared.ts";

/** What `runFinetune` runs, and where its files go. */
export interface FinetuneOptions {
  readonly recipe: RecipeOptions;
  /** The run's folder. */
  readonly out: string;
  /** Where relative paths of the recipe start; the working directory by default. */
  readonly folder?: string;
  /** Where the model's files are, if not where the recipe says: a model of the Hub. */
  readonly modelFolder?: string;
  /** Computes, and stays open; one of the recipe's backend by default. */
  readonly engine?: Engine;
  /** Of the wasm engine; every core by default. Results do not depend on it. */
  readonly threads?: number;
  /** Bytes that may be used; by default what is free. */
  readonly memory?: number;
  /** Stops after the step at hand, with a checkpoint to go on from. */
  readonly signal?: AbortSignal;
  /** Ends after the plan, and writes nothing. */
  readonly dryRun?: boolean;
  readonly versions?: Readonly<Record<string, string>>;
  /** Makes the run's report when it has ended. */
  readonly report?: (directory: string) => Promise<unknown>;
}

/** What is prepared, and the digests of what was read for it. */
export interface PreparedHere extends Prepared {
  readonly inputs: Inputs;
}

/**
 * Reads model and data, and looks whether they fit.
 * @throws DataError naming the file, the key, or the numbers that do not fit
 */
export async function prepare(options: FinetuneOptions): Promise<PreparedHere> {
  expectKnown("runFinetune", options, [
    ...(["recipe", "out", "folder", "modelFolder", "engine", "threads", "memory"] as const),
    ...(["signal", "dryRun", "versions", "report"] as const),
  ]);
  const { folder = process.cwd(), threads } = options;
  const asked = completeRecipe(options.recipe);
  const engine =
    options.engine ??
    (await createEngine({ backend: asked.backend, ...(threads !== undefined && { threads }) }));
  try {
    return await prepareHere(engine, folder, asked, options);
  } catch (error) {
    if (!options.engine) await engine.close();
    throw error;
  }
}

async function prepareHere(
  engine: Engine,
  folder: string,
  asked: ReturnType<typeof completeRecipe>,
  options: FinetuneOptions,
): Promise<PreparedHere> {
  const path = (given: string): string => resolve(folder, given);
  const modelFolder = options.modelFolder ?? path(asked.model);
  const of = <T>(file: string | undefined, make: (path: string) => T): T | undefined =>
    file === undefined ? undefined : make(path(file));
  const inputs: Inputs = {
    model: await modelDigest(modelFolder),
    data: await fileDigest(path(asked.data)),
    retain: await of(asked.retain, fileDigest),
    eval: await of(asked.eval, fileDigest),
  };
  const files = {
    data: path(asked.data),
    retain: of(asked.retain, (file) => file),
    eval: of(asked.eval, (file) => file),
  };
  const prepared = await prepareOn(engine, asked, {
    ...{ described: await describeModel(modelFolder), files },
    memory: options.memory ?? available(engine),
  });
  return { ...prepared, inputs };
}

function available({ backend }: Engine): number {
  const free = process.availableMemory?.() ?? freemem();
  return backend === "wasm" ? Math.min(free, WASM_BYTES) : free;
}
