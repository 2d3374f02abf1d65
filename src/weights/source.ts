import { DataError } from "../tensor/errors.ts";
import { fileReader } from "./nodeFile.ts";
import { urlReader } from "./web/urlReader.ts";
import { type BlobLike, blobReader, bytesReader, type RangeReader } from "./weightFile.ts";

/** What is read of a URL: programs without types of pages or of Node have none of their own. */
export interface UrlLike {
  readonly href: string;
  readonly protocol: string;
}

/** A file: its path in Node, its URL, its bytes, or a page's Blob. */
export type FileSource = string | UrlLike | Uint8Array | ArrayBuffer | BlobLike;

/** @throws TypeError for another kind of thing */
export async function openSource(
  source: FileSource,
  what: string,
): Promise<{ readonly file: RangeReader; readonly path: string }> {
  if (typeof source === "string") return { file: await fileReader(source), path: source };
  if (source instanceof URL) return { file: await behind(source), path: source.href };
  if (source instanceof Uint8Array) return { file: bytesReader(source), path: what };
  if (source instanceof ArrayBuffer)
    return { file: bytesReader(new Uint8Array(source)), path: what };
  if (source instanceof Blob)
    return { file: blobReader(source), path: "name" in source ? `${source.name}` : what };
  throw new TypeError(`${what}: expected a path, bytes or a Blob, got ${typeof source}`);
}

/** A file of the disk, or of a server that is asked for ranges. */
async function behind(url: URL): Promise<RangeReader> {
  if (!/^https?:$/.test(url.protocol)) return fileReader(url);
  const file = await urlReader(url);
  if (file) return file;
  throw new DataError(`${url}: expected a file, got none`);
}
