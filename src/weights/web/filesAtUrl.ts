import { DataError } from "../../tensor/errors.ts";
import { expectKnown } from "../../tensor/options.ts";
import type { ModelFiles } from "../modelFiles.ts";
import type { UrlLike } from "../source.ts";
import type { RangeReader } from "../weightFile.ts";
import { type UrlOptions, urlReader } from "./urlReader.ts";

/** What a model's folder may hold that is read here. */
const USUAL = [
  ...["config.json", "generation_config.json", "model.safetensors", "model.safetensors.index.json"],
  ...["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"],
  ...["chat_template.jinja", "chat_template.json"],
  ...["adapter_config.json", "adapter_model.safetensors"],
];

/** Which files there are at an address, and how they are asked for. */
export interface FilesAtUrlOptions extends UrlOptions {
  /** The names of its files; by default those that the server has of the usual ones. */
  readonly names?: readonly string[];
}

/**
 * A model's folder behind a URL: its weights are read by ranges, so that they go to an engine without
 * being kept. For pages, and wherever there is `fetch`.
 * @param url of the folder, such as https://huggingface.co/org/name/resolve/main
 * @throws DataError where there is none of the files
 * @example const model = await loadModel(await filesAtUrl("/models/smol"), { engine })
 */
export async function filesAtUrl(
  url: string | UrlLike,
  options: FilesAtUrlOptions = {},
): Promise<ModelFiles> {
  expectKnown("filesAtUrl", options, ["names", "headers"]);
  const { names, ...request } = options;
  const path = (typeof url === "string" ? url : url.href).replace(/\/+$/, "");
  const opened = new Map<string, Promise<RangeReader | undefined>>();
  const open = (name: string): Promise<RangeReader | undefined> => {
    const known = opened.get(name) ?? urlReader(`${path}/${encodeURI(name)}`, request);
    opened.set(name, known);
    return known;
  };
  if (names) return { path, names, open };
  const there = await Promise.all(USUAL.map(async (name) => (await open(name)) !== undefined));
  const found = USUAL.filter((_, i) => there[i]);
  if (found.length === 0)
    throw new DataError(`${path}: expected a model's folder, got none of its files there`);
  return { path, names: found, open };
}
