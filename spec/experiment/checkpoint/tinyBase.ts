import { join } from "node:path";
import type { Engine } from "../../../src/engines/engine.ts";
import type { PretrainSettings } from "../../../src/pretrain/run.ts";
import { corpus, pretrained, settings } from "../../pretrain/tiny.ts";

/** A base that has learnt little, whose vocabulary has a token for each letter behind a space. */
export async function tinyBase(
  engine: Engine,
  folder: string,
  more: Partial<PretrainSettings> = {},
): Promise<string> {
  const out = join(folder, "tiny-base");
  const shaped = { ...settings, steps: 2, length: 512, vocabulary: 500, ...more };
  await pretrained(engine, out, { settings: shaped, corpus: async () => corpus(60) });
  return out;
}
