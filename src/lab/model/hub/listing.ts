import { readJson } from "../../../json/readJson.ts";
import { DataError } from "../../../tensor/errors.ts";

/** A file of a model on the Hub. */
export interface HubFile {
  readonly name: string;
  readonly size: number;
}

/** A model of the Hub at one commit, and the files of it that are read here. */
export interface HubModel {
  readonly name: string;
  readonly commit: string;
  readonly files: readonly HubFile[];
}

export const HUB = "https://huggingface.co";

/** What a model consists of; of several forms of its weights, safetensors. */
const READ =
  /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|chat_template)\.json$|^chat_template\.jinja$|^model(-\d+-of-\d+)?\.safetensors$|^model\.safetensors\.index\.json$|^additional_chat_templates\/[^/]+\.jinja$/;

/** `org/name`, as the Hub writes it. */
export function checkName(text: string): string {
  const name = text
    .trim()
    .replace(/^https:\/\/huggingface\.co\//, "")
    .replace(/\/+$/, "");
  if (/^[\w.-]+\/[\w.-]+$/.test(name) && !name.includes("..")) return name;
  throw new DataError(`expected a model as org/name, got ${name || "nothing"}`);
}

/**
 * Asks the Hub what a model consists of.
 * @throws DataError for a model that is not there, is gated, or has no safetensors
 */
export async function askHub(
  name: string,
  fetch: typeof globalThis.fetch = globalThis.fetch,
): Promise<HubModel> {
  const address = `${HUB}/api/models/${name}?blobs=true`;
  const response = await fetch(address).catch(() => {
    throw new DataError(`${HUB} cannot be reached from here`);
  });
  if (response.status === 401 || response.status === 403 || response.status === 404)
    throw new DataError(
      `${name}: there is no such model that everybody may read (status ${response.status}); gated ones can be pulled by the command line, and their folder dropped here`,
    );
  if (!response.ok)
    throw new DataError(`${name}: expected an answer of the Hub, got ${response.status}`);
  const text = await response.text().catch(() => {
    throw new DataError(`${name}: expected an answer of the Hub, got one that broke off`);
  });
  return modelIn(readJson(text, name), name);
}

/** What the Hub has answered. @throws DataError for something else */
function modelIn(json: unknown, name: string): HubModel {
  const { sha, siblings } = (json ?? {}) as { readonly sha?: unknown; readonly siblings?: unknown };
  if (typeof sha !== "string" || !/^[\da-f]{40}$/.test(sha) || !Array.isArray(siblings))
    throw new DataError(`${name}: expected a commit and files from the Hub, got something else`);
  const files = siblings.flatMap((entry: unknown): HubFile[] => {
    const { rfilename, size } = (entry ?? {}) as {
      readonly rfilename?: unknown;
      readonly size?: unknown;
    };
    if (typeof rfilename !== "string" || !READ.test(rfilename)) return [];
    if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
      throw new DataError(`${name}/${rfilename}: expected a size, got ${JSON.stringify(size)}`);
    return [{ name: rfilename, size }];
  });
  if (new Set(files.map((file) => file.name)).size < files.length)
    throw new DataError(`${name}: expected each file once, got one of them twice`);
  const has = (end: string): boolean => files.some((file) => file.name.endsWith(end));
  if (!has("config.json") || !has(".safetensors"))
    throw new DataError(
      `${name}: expected config.json and safetensors, got neither or one of them`,
    );
  return { name, commit: sha, files };
}

/** Bytes of all its files. */
export const sizeOfModel = ({ files }: HubModel): number =>
  files.reduce((sum, { size }) => sum + size, 0);
