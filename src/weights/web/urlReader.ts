import { DataError } from "../../tensor/errors.ts";
import { expectKnown } from "../../tensor/options.ts";
import { discard } from "../hub/discard.ts";
import type { UrlLike } from "../source.ts";
import { bytesReader, type RangeReader } from "../weightFile.ts";

/** How a server is asked for a file. */
export interface UrlOptions {
  /** Headers of each request, such as an authorization. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A file whose server sends the whole of it, whatever range is asked for, may be so large. */
const MOST_WHOLE = 64 * 2 ** 20;

/** Requests for a range, where the connection breaks off. */
const ATTEMPTS = 3;

/**
 * A file behind a URL, read by ranges: nothing is kept of it. Small files may come from servers that
 * know no ranges. In a page of another origin the server must expose Content-Range.
 * @returns undefined where the server has no such file
 * @throws DataError where the server answers otherwise, and when reading for a file that changed
 */
export async function urlReader(
  url: string | UrlLike,
  options: UrlOptions = {},
): Promise<RangeReader | undefined> {
  expectKnown("urlReader", options, ["headers"]);
  const { headers = {} } = options;
  const place = typeof url === "string" ? url : url.href;
  const ask = async (from: number, to: number): Promise<Response> =>
    fetch(place, { headers: { ...headers, range: `bytes=${from}-${to - 1}` }, cache: "no-store" });
  const first = await ask(0, 1);
  if (first.status === 404 || first.status === 410) {
    await discard(first);
    return undefined;
  }
  if (first.status === 200 || first.status === 416) return wholeOf(first, place);
  const size = sizeIn(first);
  await discard(first);
  if (first.status !== 206) throw refused(place, first);
  if (size === undefined)
    throw new DataError(`${place}: expected the file's size in Content-Range, got none`);
  const tag = first.headers.get("etag");
  return {
    size,
    read: async (from, length, into) => {
      const to = Math.min(size, from + length);
      if (to <= from) return new Uint8Array(0);
      for (let attempt = 1; ; attempt++) {
        const bytes = await rangeOf(place, () => ask(from, to), tag, into).catch(
          (error: unknown) => {
            if (error instanceof DataError || attempt === ATTEMPTS) throw error;
          },
        );
        if (bytes?.length === to - from) return bytes;
        if (bytes && attempt === ATTEMPTS)
          throw new DataError(
            `${place}: expected ${to - from} bytes from ${from} on, got ${bytes.length}`,
          );
      }
    },
  };
}

async function rangeOf(
  place: string,
  ask: () => Promise<Response>,
  tag: string | null,
  into: Uint8Array | undefined,
): Promise<Uint8Array> {
  const response = await ask();
  const isSame = response.status === 206 && response.headers.get("etag") === tag;
  if (isSame && into && response.body) return gathered(response.body, into);
  if (isSame) return new Uint8Array(await response.arrayBuffer());
  await discard(response);
  if (response.status !== 206) throw refused(place, response);
  throw new DataError(`${place}: expected the file that was opened, got a changed one`);
}

/** Bytes that are taken from a stream at a time. */
const CHUNK = 1 << 18;

/**
 * The bytes of a stream in memory that is there. Where the host can, all come through one small buffer:
 * fresh ones would pile up until the garbage collector sees to them.
 */
async function gathered(body: ReadableStream<Uint8Array>, into: Uint8Array): Promise<Uint8Array> {
  let filled = 0;
  for await (const bytes of chunksOf(body)) {
    into.set(bytes.subarray(0, into.length - filled), filled);
    filled += bytes.length;
    if (filled > into.length) break;
  }
  return into.subarray(0, Math.min(filled, into.length));
}

async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = byteReader(body);
  if (!reader) return yield* body;
  try {
    for (let buffer = new ArrayBuffer(CHUNK); ; ) {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (done) return;
      yield value;
      buffer = value.buffer;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** A reader into memory of one's own; undefined for streams that have none. */
function byteReader(body: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}

const refused = (place: string, { status }: Response): DataError =>
  new DataError(`${place}: expected a file that can be read by ranges (status 206), got ${status}`);

const sizeIn = ({ headers }: Response): number | undefined => {
  const digits = /\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1];
  return digits === undefined ? undefined : Number(digits);
};

/** What came in place of a range: a small file as a whole; of an empty one there is no first byte. */
async function wholeOf(response: Response, place: string): Promise<RangeReader> {
  const size =
    response.status === 416
      ? sizeIn(response)
      : Number(response.headers.get("content-length") ?? 0);
  if (response.status === 416 && size === 0) {
    await discard(response);
    return bytesReader(new Uint8Array(0));
  }
  if (response.status === 416 || (size ?? 0) > MOST_WHOLE) {
    await discard(response);
    throw refused(place, response);
  }
  return bytesReader(new Uint8Array(await response.arrayBuffer()));
}
