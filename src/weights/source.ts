import { fileReader } from "./nodeFile.ts";
import { blobReader, bytesReader, type RangeReader } from "./weightFile.ts";

/** A file: its path or URL in Node, its bytes, or a page's Blob. */
export type FileSource = string | URL | Uint8Array | ArrayBuffer | Blob;

/** @throws TypeError for another kind of thing */
export async function openSource(
  source: FileSource,
  what: string,
): Promise<{ readonly file: RangeReader; readonly path: string }> {
  if (typeof source === "string" || source instanceof URL)
    return { file: await fileReader(source), path: `${source}` };
  if (source instanceof Uint8Array) return { file: bytesReader(source), path: what };
  if (source instanceof ArrayBuffer)
    return { file: bytesReader(new Uint8Array(source)), path: what };
  if (source instanceof Blob)
    return { file: blobReader(source), path: "name" in source ? `${source.name}` : what };
  throw new TypeError(`${what}: expected a path, bytes or a Blob, got ${typeof source}`);
}
