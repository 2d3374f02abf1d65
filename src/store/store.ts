import { DataError } from "../tensor/errors.ts";

/**
 * Bytes by key, each written once: what a sweep on several machines shares. Whoever computes the
 * same again writes the same again, so that nobody has to know who was first.
 *
 * - `blob/<sha256>`: bytes by their own digest, such as weights
 * - `result/<key>`: what a job measured, by all that decides it
 * - `attempt/<key>/<worker>-<n>`: who ran the job, where, and for how long
 * - `pretrained/<name>`: which blobs a finished pre-training is, or an SFT model that runs share
 * - `checkpoint/<key>/<step>`: how far an attempt has come; these alone may be removed
 */
export interface Store {
  /** For messages; without secrets. */
  readonly name: string;
  has(key: string): Promise<boolean>;
  /**
   * What was put under a key, as a stream: what is large never lies in memory as a whole. Nobody has
   * looked at the bytes yet, @see verified.
   * @returns undefined where there is nothing
   */
  get(key: string): Promise<ReadableStream<Uint8Array> | undefined>;
  /**
   * Puts bytes where there are none; the first writer wins.
   * @returns `there` where the same bytes were already
   * @throws Conflict where others are; DataError for bytes of another digest than their key's
   */
  putOnce(key: string, bytes: AsyncIterable<Uint8Array>): Promise<"new" | "there">;
  /** All keys that begin so, in no order. */
  list(prefix: string): AsyncIterable<string>;
  /** Does nothing where there is nothing. @throws RangeError for what is to stay */
  remove(key: string): Promise<void>;
}

/** A store did not answer, however often it was asked: it may later. */
export class Unreachable extends DataError {}

/** Other bytes than those that are kept were put under a key; both as SHA-256. */
export class Conflict extends DataError {
  readonly key: string;
  readonly kept: string;
  readonly given: string;

  constructor(store: string, key: string, kept: string, given: string) {
    super(`${store}: ${key}: expected the bytes that are kept (SHA-256 ${kept}), got ${given}`);
    this.key = key;
    this.kept = kept;
    this.given = given;
  }
}

const KEY = /^[a-z]+(\/[A-Za-z0-9][\w.+-]{0,199}){1,3}$/;
const PREFIX = /^[a-z]+\/([A-Za-z0-9][\w.+-]{0,199}\/)*$/;

/** A text as messages show it: it may be anybody's, of any length. */
export const shown = (text: unknown): string =>
  typeof text === "string" ? JSON.stringify(text.slice(0, 80)) : typeof text;

/** Whether every store could keep a key. */
export const isKey = (key: unknown): boolean =>
  typeof key === "string" && KEY.test(key) && !key.endsWith(".partial");

/** @throws RangeError for a key that not every store could keep */
export function checkKey(key: string): void {
  if (!isKey(key))
    throw new RangeError(
      `store: expected a key as blob/0a1b or attempt/0a1b/host-1, got ${shown(key)}`,
    );
}

/** @throws RangeError for what is no folder of keys: `attempt/0a1b/` */
export function checkPrefix(prefix: string): void {
  if (typeof prefix !== "string" || !PREFIX.test(prefix))
    throw new RangeError(`store: expected a prefix as attempt/0a1b/, got ${shown(prefix)}`);
}

/** @throws RangeError unless the key is of what is kept for a while only */
export function checkRemovable(key: string): void {
  checkKey(key);
  if (!key.startsWith("checkpoint/"))
    throw new RangeError(`store: expected a key under checkpoint/ to remove, got ${shown(key)}`);
}

/** @throws DataError for a blob whose key says another digest */
export function checkBlob(store: string, key: string, digest: string): void {
  if (key.startsWith("blob/") && key !== `blob/${digest}`)
    throw new DataError(`${store}: ${key}: expected bytes of that SHA-256, got ${digest}`);
}

/** All keys that begin with a prefix, in order. */
export async function keysIn(store: Pick<Store, "list">, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of store.list(prefix)) keys.push(key);
  return keys.sort();
}
