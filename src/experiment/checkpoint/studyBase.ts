import { basename } from "node:path";
import type { LoadedModel } from "../../finetune/load.ts";
import type { Params } from "../../nn/config.ts";
import type { WordSuite } from "../../tasks/study/suite.ts";
import { DataError } from "../../tensor/errors.ts";
import { hashed, sha256 } from "../../weights/disk/hashing.ts";
import { safetensorsParts } from "../../weights/safetensors.ts";
import type { Checkpoint } from "../recipe.ts";
import { positionsOf, wordTableOf } from "./wordTable.ts";

/** A checkpoint that a study fine-tunes. */
export interface StudyBase {
  readonly checkpoint: Checkpoint;
  readonly suite: WordSuite;
  /** On the host. */
  readonly params: Params;
}

/**
 * What a study says of a checkpoint, and its parameters.
 * @throws DataError for one without a tokenizer or a chat template, and as `wordTableOf` does
 */
export async function studyBaseOf(loaded: LoadedModel): Promise<StudyBase> {
  const { tokenizer, chat, folder, stopTokens, config, params } = loaded;
  if (loaded.adapter) throw new DataError(`${folder}: expected a base, got an adapter over it`);
  if (!tokenizer) throw new DataError(`${folder}: expected a tokenizer.json, got none`);
  if (!chat) throw new DataError(`${folder}: expected a chat template, got none`);
  const speaker = { tokenizer, chat, folder, stopTokens, vocabSize: config.vocabSize };
  const words = wordTableOf(speaker);
  return {
    checkpoint: {
      name: basename(folder).replace(/[^\w.-]/g, "-"),
      sha256: await paramsDigest(params),
      config,
    },
    suite: { words, positions: positionsOf(words) },
    params,
  };
}

/** SHA-256 of parameters as a safetensors file has them, in hexadecimal. */
export async function paramsDigest(params: Params): Promise<string> {
  const hasher = sha256();
  for await (const _ of hashed(safetensorsParts({ tensors: params, metadata: {} }), hasher));
  const digest = await hasher.digest();
  if (digest === undefined) throw new Error("paramsDigest: expected SHA-256 to be there");
  return digest;
}
