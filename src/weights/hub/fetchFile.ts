import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { DataError } from "../../tensor/errors.ts";
import { makeFolder } from "../files.ts";
import { writeAll } from "../nodeFile.ts";
import { discard } from "./discard.ts";
import { type PartialEnding, partialOf } from "./partial.ts";

/** What to fetch, and what it has to be. */
export interface Wanted {
  readonly url: string;
  /** Bytes, where they are known beforehand. */
  readonly size?: number | undefined;
  readonly sha256?: string | undefined;
  /** Bytes that it has at most, where its size is not known. Default: no limit. */
  readonly most?: number | undefined;
}

export interface FetchOptions {
  readonly fetch: typeof globalThis.fetch;
  readonly signal: AbortSignal;
  /** Bytes so far, and in all where the server says so. */
  readonly onProgress: (done: number, total: number | undefined) => void;
  /** Sent along; an authorization is kept from other hosts. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How the name of the growing file ends, @see partialOf; `.partial` by default. */
  readonly ending?: PartialEnding;
  /** Throws for a file that is not what it should be, beside its size and hash. */
  readonly check?: (path: string) => Promise<void>;
  /** A server that sends nothing for so many milliseconds has broken off. Default: 60,000. */
  readonly idle?: number;
}

/** Redirects that are followed. */
const HOPS = 10;

/** The server or the way to it failed; the message says how. */
export class FetchError extends Error {
  override readonly name = "FetchError";
}

/** Cut connections that brought nothing new, before giving up. */
const ATTEMPTS = 3;

/**
 * Fetches a file. What has come is kept beside it, in a file that no other process writes, and gone on
 * with later, by a range request, as long as the server still has the same file (its entity tag is kept
 * too). Of several processes that fetch one file each fetches all of it, and none spoils another's.
 * @returns false when the signal came first; the partial file stays
 * @throws FetchError where the server has no such file, cannot be reached or breaks off again and
 * again; DataError where the file is not what it should be
 */
export async function fetchFile(
  wanted: Wanted,
  path: string,
  options: FetchOptions,
): Promise<boolean> {
  await makeFolder(dirname(path));
  const partial = await partialOf(path, options.ending ?? ".partial");
  const tag = `${partial}.tag`;
  for (let inVain = 0; ; ) {
    const before = await sizeOf(partial);
    try {
      await fetchRest(wanted, partial, tag, options);
      break;
    } catch (error) {
      if (options.signal.aborted) return false;
      if (!(error instanceof Cut)) throw error;
      const now = await sizeOf(partial);
      inVain = now > before ? 0 : inVain + 1;
      if (inVain < ATTEMPTS) continue;
      const kept = now > 0 ? `; ${now} bytes are kept, run it again to go on` : "";
      throw new FetchError(`${wanted.url}: ${error.message}${kept}`);
    }
  }
  await expectRight(wanted, partial, tag, options.check);
  await rename(partial, path);
  await rm(tag, { force: true });
  return true;
}

/** A connection that could not be made or did not last; never leaves this file. */
class Cut extends Error {}

/** `ECONNREFUSED 127.0.0.1:1`, from the innermost cause. */
export function reasonOf(error: unknown): string {
  const { cause, message, code } = error as Error & { code?: string; cause?: unknown };
  return cause instanceof Error ? reasonOf(cause) : ((message || code) ?? "unknown");
}

const sizeOf = async (path: string): Promise<number> =>
  (await stat(path).catch(() => undefined))?.size ?? 0;

/**
 * Asks for a file, redirects followed: from a secured place to none that is not.
 * @throws FetchError for such a redirect, and for too many; Cut where there is no connection
 */
async function ask(
  url: string,
  given: Readonly<Record<string, string>>,
  { fetch, signal, idle = IDLE }: FetchOptions,
): Promise<Response> {
  let [place, headers] = [url, given];
  for (let hop = 0; hop <= HOPS; hop++) {
    const request = fetch(place, { headers, signal, redirect: "manual" });
    const response = await within(request, idle).catch((error: unknown) => {
      throw new Cut(`no connection (${reasonOf(error)})`);
    });
    const next = response.headers.get("location");
    if (response.status < 300 || response.status > 399 || next === null) return response;
    await discard(response);
    const target = URL.canParse(next, place) ? new URL(next, place) : undefined;
    const isSafe = target?.protocol === "https:" || target?.protocol === new URL(place).protocol;
    if (target === undefined || !isSafe)
      throw new FetchError(
        `${url}: expected a redirect to https, got one to ${JSON.stringify(next.slice(0, 80))}`,
      );
    // A token is for the host that it was meant for.
    if (target.origin !== new URL(place).origin) headers = withoutToken(headers);
    place = target.href;
  }
  throw new FetchError(`${url}: expected at most ${HOPS} redirects, got more`);
}

const withoutToken = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).filter(([name]) => !/^(?:authorization|cookie)$/i.test(name)),
  );

const IDLE = 60_000;

/** What a promise holds, unless it takes too long. */
async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`nothing came for ${milliseconds / 1000} seconds`)),
      milliseconds,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function fetchRest(
  { url, size, most = Number.POSITIVE_INFINITY }: Wanted,
  partial: string,
  tag: string,
  options: FetchOptions,
): Promise<void> {
  const had = await sizeOf(partial);
  const known = await readFile(tag, "utf8").catch(() => "");
  const resumes = had > 0 && known !== "";
  const headers = {
    ...options.headers,
    "accept-encoding": "identity",
    ...(resumes && { range: `bytes=${had}-`, "if-range": known }),
  };
  const response = await ask(url, headers, options);
  if (resumes && response.status === 416) {
    await discard(response);
    // Nothing is left to send, or the file has changed.
    if (totalIn(response) === had) return;
    await rm(partial, { force: true });
    throw new Cut("the file has changed");
  }
  const goesOn = resumes && response.status === 206 && startIn(response) === had;
  if (!goesOn && response.status !== 200) {
    await discard(response);
    throw new FetchError(`${url}: expected status 200, got ${response.status}`);
  }
  const packing = response.headers.get("content-encoding") ?? "identity";
  if (packing !== "identity") {
    await discard(response);
    throw new FetchError(
      `${url}: expected the file as it is, got it packed (${JSON.stringify(packing.slice(0, 80))})`,
    );
  }
  const entity = response.headers.get("etag") ?? "";
  const total = goesOn ? totalIn(response) : lengthIn(response);
  const limit = Math.min(size ?? most, most);
  if (total !== undefined && total > limit) {
    await discard(response);
    throw new DataError(`${url}: expected at most ${limit} bytes, got ${total}`);
  }
  await writeFile(tag, entity.startsWith("W/") ? "" : entity);
  try {
    await append(response, partial, goesOn ? had : 0, { total, limit }, options);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    await rm(partial, { force: true });
    await rm(tag, { force: true });
    throw new DataError(`${url}: ${error.message}`);
  }
}

const CONTENT_RANGE = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/;

const rangeIn = (response: Response): RegExpExecArray | null =>
  CONTENT_RANGE.exec(response.headers.get("content-range") ?? "");

const numberIn = (digits: string | null | undefined): number | undefined =>
  digits && /^\d+$/.test(digits) ? Number(digits) : undefined;

const startIn = (response: Response): number | undefined => numberIn(rangeIn(response)?.[1]);
const totalIn = (response: Response): number | undefined => numberIn(rangeIn(response)?.[2]);

const lengthIn = ({ headers }: Response): number | undefined =>
  numberIn(headers.get("content-length"));

/** Writes a response's body behind the bytes that are there. */
async function append(
  response: Response,
  partial: string,
  start: number,
  { total, limit }: { readonly total: number | undefined; readonly limit: number },
  { signal, onProgress, idle = IDLE }: FetchOptions,
): Promise<void> {
  const file = await open(partial, start === 0 ? "w" : "a");
  let done = start;
  try {
    onProgress(done, total);
    const chunks = response.body?.[Symbol.asyncIterator]();
    for (;;) {
      if (chunks === undefined) break;
      const next = await within(chunks.next(), idle).catch((error: unknown) => {
        // What is still on its way is not waited for.
        chunks.return?.().catch(() => undefined);
        throw new Cut(`the connection was cut (${reasonOf(error)})`);
      });
      if (next.done) break;
      done += next.value.byteLength;
      if (done > limit) {
        await chunks.return?.();
        throw new DataError(`expected at most ${limit} bytes, got more`);
      }
      await writeAll(file, next.value, partial);
      onProgress(done, total);
    }
  } finally {
    await file.close();
  }
  signal.throwIfAborted();
  if (total !== undefined && done < total) throw new Cut(`got ${done} of ${total} bytes`);
}

/** Removes a partial file that is complete and wrong: going on would not mend it. */
async function expectRight(
  wanted: Wanted,
  partial: string,
  tag: string,
  check: FetchOptions["check"],
): Promise<void> {
  try {
    const found = await differenceOf(wanted, partial);
    if (found !== undefined) throw new DataError(`${wanted.url}: ${found}`);
    await check?.(partial);
  } catch (error) {
    await rm(partial, { force: true });
    await rm(tag, { force: true });
    throw error;
  }
}

/** What about a file is not as wanted; undefined where all that is known agrees. */
export async function differenceOf(
  { size, sha256 }: Pick<Wanted, "size" | "sha256">,
  path: string,
): Promise<string | undefined> {
  const got = await sizeOf(path);
  if (size !== undefined && got !== size) return `expected ${size} bytes, got ${got}`;
  if (sha256 === undefined) return undefined;
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  const digest = hash.digest("hex");
  return digest === sha256 ? undefined : `expected the SHA-256 ${sha256}, got ${digest}`;
}
