import { readJson } from "../json/readJson.ts";
import { utf8 } from "../json/utf8.ts";
import { DataError } from "../tensor/errors.ts";
import { fileReader, nodeFs } from "./nodeFile.ts";
import { type BlobLike, blobReader, type RangeReader } from "./weightFile.ts";

/** The files of a model: a folder of the disk, or what was dropped into a page. */
export interface ModelFiles {
  /** Where they are, for messages. */
  readonly path: string;
  /** Relative to it, with `/` between their parts. */
  readonly names: readonly string[];
  /** Undefined where there is no such file. */
  open(name: string): Promise<RangeReader | undefined>;
}

/** A folder below which a model's files may lie: `additional_chat_templates`. */
const BELOW = "additional_chat_templates";

/**
 * The files of a folder, or one file by its path, beside which others may be opened. Node only.
 * @throws DataError where there is no such thing
 */
export async function filesAt(path: string): Promise<ModelFiles> {
  const fs = nodeFs("filesAt");
  const kind = await fs.stat(path).catch(() => undefined);
  if (!kind) throw new DataError(`${path}: expected a folder with a model, got no such folder`);
  if (kind.isFile()) {
    const start = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1;
    return inFolder(path.slice(0, start), [path.slice(start)]);
  }
  if (!kind.isDirectory())
    throw new DataError(`${path}: expected a folder or a file with a model, got a pipe or device`);
  const names = await fs.readdir(path);
  const below = names.includes(BELOW) ? await fs.readdir(`${path}/${BELOW}`).catch(() => []) : [];
  const start = /[\\/]$/.test(path) ? path : `${path}/`;
  return inFolder(start, [...names, ...below.map((name) => `${BELOW}/${name}`)]);
}

const inFolder = (start: string, names: readonly string[]): ModelFiles => ({
  path: start === "" ? "." : start.replace(/(?<=.)[\\/]$/, ""),
  names,
  open: (name) =>
    fileReader(start + name).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    }),
});

/**
 * Files that were chosen or dropped in a page, by their names.
 * @param path names them in messages
 */
export const filesOf = (
  blobs: Readonly<Record<string, BlobLike>>,
  path = "the model's files",
): ModelFiles => ({
  path,
  names: Object.keys(blobs),
  open: async (name) => {
    const blob = Object.hasOwn(blobs, name) ? blobs[name] : undefined;
    return blob && blobReader(blob);
  },
});

/** The path of one of the files, for messages. */
export const pathIn = ({ path }: ModelFiles, name: string): string =>
  path === "." ? name : `${path}/${name}`;

/** A file's bytes; undefined where there is none. */
export async function bytesIn(files: ModelFiles, name: string): Promise<Uint8Array | undefined> {
  const file = await files.open(name);
  return file?.read(0, file.size);
}

/** A file's text. @throws DataError for bytes that are no UTF-8 */
export async function textIn(files: ModelFiles, name: string): Promise<string | undefined> {
  const bytes = await bytesIn(files, name);
  return bytes && utf8(bytes, pathIn(files, name));
}

/** A parsed JSON file. @throws DataError for what is none, or holds what JSON cannot keep */
export async function jsonIn(files: ModelFiles, name: string): Promise<unknown> {
  const text = await textIn(files, name);
  return text === undefined ? undefined : readJson(text, pathIn(files, name));
}

/**
 * Refuses what users take for a model's folder.
 * @throws DataError for an adapter's folder or a run's, saying where the model is
 */
export function expectModelIn({ path, names }: ModelFiles): void {
  if (names.includes("config.json")) return;
  if (names.includes("adapter_config.json"))
    throw new DataError(
      `${path}: expected a model, got an adapter: open its base with it as the adapter, or merge the two ` +
        "first (anchorgrad export)",
    );
  const made = ["model", "adapter"].find((name) => names.includes(name));
  if (names.includes("recipe.json") && made)
    throw new DataError(
      `${path}: expected a model, got the folder of a run, whose ${made} is in ${made}`,
    );
}
