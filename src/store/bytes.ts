import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { DataError } from "../tensor/errors.ts";

/** Files are read in pieces of so many bytes. */
const PIECE = 1 << 20;

/** The bytes of an open file, which is closed at their end, or when nobody wants more. */
export async function streamOf(handle: FileHandle): Promise<ReadableStream<Uint8Array>> {
  let left = (await handle.stat()).size;
  const pull = async (): Promise<Uint8Array> => {
    const length = Math.min(PIECE, left);
    const { bytesRead, buffer } = await handle.read(new Uint8Array(length), 0, length, null);
    // A file that was cut short ends here; whoever wants to know looks at its digest.
    left = bytesRead === 0 ? 0 : left - bytesRead;
    return buffer.subarray(0, bytesRead);
  };
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          const piece = await pull();
          if (piece.length > 0) controller.enqueue(piece);
          if (left > 0) return;
          controller.close();
        } catch (error) {
          await handle.close();
          throw error;
        }
        await handle.close();
      },
      cancel: () => handle.close(),
    },
    { highWaterMark: 0 },
  );
}

/** A file's bytes. */
export const fileBytes = async (path: string): Promise<ReadableStream<Uint8Array>> =>
  streamOf(await open(path, "r"));

/** Bytes in memory as a stream of one piece. */
export async function* bytesOf(content: string | Uint8Array): AsyncGenerator<Uint8Array> {
  yield typeof content === "string" ? new TextEncoder().encode(content) : content;
}

/** All of a stream in memory: for what is known to be small. */
export async function collect(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** SHA-256 in hexadecimal. */
export async function digestOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of bytes) hash.update(piece);
  return hash.digest("hex");
}

/**
 * The same bytes, counted: whoever has read them all knows that they are those of a digest.
 * @throws DataError at their end where they are not
 */
export async function* verified(
  bytes: AsyncIterable<Uint8Array>,
  digest: string,
  name: string,
): AsyncGenerator<Uint8Array, void> {
  const hash = createHash("sha256");
  for await (const piece of bytes) {
    hash.update(piece);
    yield piece;
  }
  const got = hash.digest("hex");
  if (got !== digest)
    throw new DataError(
      `${name}: expected the bytes that were written (SHA-256 ${digest}), got others (${got}): it is damaged, remove it`,
    );
}

/** The same bytes in parts of exactly so many, the last of which may be shorter; at least one. */
export async function* inParts(
  bytes: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  let part = new Uint8Array(size);
  let filled = 0;
  let count = 0;
  for await (let piece of bytes)
    while (piece.length > 0) {
      if (filled === size) {
        yield part;
        count++;
        [part, filled] = [new Uint8Array(size), 0];
      }
      const fits = piece.subarray(0, size - filled);
      part.set(fits, filled);
      filled += fits.length;
      piece = piece.subarray(fits.length);
    }
  if (filled > 0 || count === 0) yield part.subarray(0, filled);
}
