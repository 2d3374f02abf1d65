import type { Numerics } from "../../engines/numerics.ts";
import { isRecord } from "../../json/isRecord.ts";
import { jsonDigest } from "../../json/jsonDigest.ts";
import type { QueueData, QueueJob } from "../../queue/job.ts";
import { DataError } from "../../tensor/errors.ts";
import { shown } from "../../text/jsonl.ts";
import type { Inputs } from "../files/directory.ts";
import { completeRecipe, expectSettings, type FinetuneRecipe } from "../recipe.ts";
import { needsSft } from "../train/training.ts";
import { type InputFile, type InputFiles, placeOfRole, ROLES, type Role } from "./inputFiles.ts";

/** What a queue calls a fine-tune. */
export const FINETUNE = "finetune";

/** A fine-tune as a queue carries it: on no machine in particular. */
export interface FinetuneJob {
  /** Whole; its files are named by their roles. */
  readonly recipe: FinetuneRecipe;
  readonly files: InputFiles;
  /** The name of a model that is one file. */
  readonly modelFile?: string;
  /** Digests of what is read, as the run's folder has them. */
  readonly inputs: Inputs;
}

/** A recipe whose files are named by their roles: the same for whoever asks, wherever they lie. */
function onNoMachine(recipe: FinetuneRecipe): FinetuneRecipe {
  const named = ROLES.flatMap((role) =>
    recipe[role] === undefined ? [] : [[role, placeOfRole(role)] as const],
  );
  return { ...recipe, ...Object.fromEntries(named) };
}

/**
 * Names a fine-tune by all that decides its result: the numerics, the recipe, and its files by name
 * and content.
 * @returns SHA-256 of the canonical JSON, in hexadecimal
 */
const finetuneKey = (
  { recipe, files }: Pick<FinetuneJob, "recipe" | "files">,
  { class: name, version: numerics }: Numerics,
): Promise<string> =>
  jsonDigest({ kind: FINETUNE, numerics, class: name, recipe: onNoMachine(recipe), files });

/** A fine-tune for a queue. @param label for people who look at it */
export async function finetuneJobOf(
  label: string,
  given: FinetuneJob,
  numerics: Numerics,
): Promise<QueueJob> {
  const job: FinetuneJob = { ...given, recipe: onNoMachine(given.recipe) };
  return {
    key: await finetuneKey(job, numerics),
    // SFT by itself first: what others begin with is then in the store.
    ...{ label, priority: needsSft(job.recipe.method) && job.recipe.method !== "sft" ? 2 : 1 },
    data: { kind: FINETUNE, ...job },
  };
}

/**
 * A fine-tune as it comes out of a queue.
 * @throws DataError for what is none, and where its key is not that of what it asks for: whoever sent
 *   it has another idea of what decides a result
 */
export async function readFinetuneJob(
  key: string,
  { recipe: given, files, modelFile, inputs }: QueueData,
  numerics: Numerics,
): Promise<FinetuneJob> {
  const options = recordAt(given, "job.recipe");
  expectSettings(options, "job.recipe");
  const recipe = completeRecipe(options, "job.recipe");
  const listed = recordAt(files, "job.files");
  const byRole = Object.fromEntries(
    ROLES.flatMap((role) =>
      recipe[role] === undefined ? [] : [[role, filesAt(listed[role], `job.files.${role}`)]],
    ),
  ) as InputFiles;
  if (modelFile !== undefined && !byRole.model?.some(({ name }) => name === modelFile))
    throw new DataError(`job.modelFile: expected one of the model's, got ${shown(modelFile)}`);
  const read = recordAt(inputs, "job.inputs");
  const digests = Object.fromEntries(
    ROLES.map((role) => [
      role,
      recipe[role] === undefined ? undefined : digestAt(read[role], `job.inputs.${role}`),
    ]),
  ) as Record<Role, string | undefined>;
  const job: FinetuneJob = {
    ...{ recipe, files: byRole, inputs: digests },
    ...(typeof modelFile === "string" && { modelFile }),
  };
  const own = await finetuneKey(job, numerics);
  if (own !== key)
    throw new DataError(`job ${key}: expected the key of what it asks for, got that of ${own}`);
  return job;
}

function filesAt(value: unknown, path: string): readonly InputFile[] {
  if (!Array.isArray(value) || value.length === 0)
    throw new DataError(`${path}: expected a list of files, got ${shown(value)}`);
  return value.map((file: unknown, i) => {
    const { name, digest } = recordAt(file, `${path}[${i}]`);
    return { name: nameAt(name, `${path}[${i}].name`), digest: digestAt(digest, `${path}[${i}]`) };
  });
}

/** Names come from elsewhere: none of them may leave its folder. */
export function nameAt(value: unknown, path: string): string {
  const isPlain = (part: string): boolean =>
    part !== "" && part !== "." && part !== ".." && !/[\\:\0]/.test(part);
  if (typeof value === "string" && value.split("/").every(isPlain)) return value;
  throw new DataError(`${path}: expected a name below its folder, got ${shown(value)}`);
}

export function digestAt(value: unknown, path: string): string {
  if (typeof value === "string" && /^[0-9a-f]{64}$/.test(value)) return value;
  throw new DataError(`${path}: expected SHA-256 in hexadecimal, got ${shown(value)}`);
}

function recordAt(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (isRecord(value)) return value;
  throw new DataError(`${path}: expected an object, got ${shown(value)}`);
}
