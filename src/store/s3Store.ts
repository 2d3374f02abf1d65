import { createHash } from "node:crypto";
import { DataError } from "../tensor/errors.ts";
import { discard } from "../weights/hub/discard.ts";
import { digestOf, inParts } from "./bytes.ts";
import { type S3Client, sha256, textOf } from "./s3/client.ts";
import { readObject } from "./s3/read.ts";
import { beginUpload, fieldIn, type Put, putObject } from "./s3/write.ts";
import {
  Conflict,
  checkBlob,
  checkKey,
  checkPrefix,
  checkRemovable,
  isKey,
  type Store,
} from "./store.ts";

export interface S3StoreOptions {
  /** Bytes of a part; what is no longer goes in one request. Servers want at least 5 MiB. */
  readonly part?: number;
  /** Parts that are sent at the same time. */
  readonly atOnce?: number;
  /** Parts of a list, each of up to 1000 keys, that a server may send; 100 000 by default. */
  readonly listParts?: number;
}

const PART = 16 * 2 ** 20;
const AT_ONCE = 2;
const LIST_PARTS = 100_000;

/**
 * A store in a bucket. No more than a few parts of an object lie in memory. A server that ignores
 * `If-None-Match` keeps the last of two writers' bytes where both begin in one moment: they are
 * read again then, and others than those that were sent are a conflict.
 */
export function s3Store(client: S3Client, options: S3StoreOptions = {}): Store {
  const { part: size = PART, atOnce = AT_ONCE, listParts = LIST_PARTS } = options;
  const { name } = client.address;

  const has = async (key: string): Promise<boolean> => {
    checkKey(key);
    const { status } = await client.send({ method: "HEAD", key, also: [404] });
    return status !== 404;
  };

  /** @throws Conflict unless the bytes of that digest are kept */
  const expectKept = async (key: string, given: string): Promise<void> => {
    // A blob's key is its digest, and whoever reads it looks.
    if (isBlob(key) && (await has(key))) return;
    const stream = await readObject(client, key);
    const kept = stream ? await digestOf(stream) : "of none";
    if (kept !== given) throw new Conflict(name, key, kept, given);
  };

  const putSmall = async (key: string, body: Uint8Array<ArrayBuffer>): Promise<Put> => {
    checkBlob(name, key, sha256(body));
    return (await has(key)) ? "refused" : putObject(client, key, body);
  };

  const putLarge = async (
    key: string,
    first: Uint8Array<ArrayBuffer>,
    rest: AsyncIterator<Uint8Array<ArrayBuffer>>,
  ): Promise<{ readonly put: Put; readonly digest: string }> => {
    const hash = createHash("sha256");
    const upload = await beginUpload(client, key, atOnce);
    try {
      for (let part = first; ; ) {
        hash.update(part);
        await upload.put(part);
        const next = await rest.next();
        if (next.done) break;
        part = next.value;
      }
      const digest = hash.digest("hex");
      checkBlob(name, key, digest);
      // Servers that know no conditions would replace what is there.
      const put = (await has(key)) ? "refused" : await upload.finish();
      if (put === "refused") await upload.abort().catch(() => {});
      return { put, digest };
    } catch (error) {
      // The first error says more than that of clearing up, which not every server can.
      await upload.abort().catch(() => {});
      throw error;
    }
  };

  return {
    name,
    has,
    get: async (key) => {
      checkKey(key);
      return readObject(client, key);
    },
    putOnce: async (key, bytes) => {
      checkKey(key);
      const parts = inParts(bytes, size);
      const { value: first = new Uint8Array() } = await parts.next();
      let outcome: { readonly put: Put; readonly digest: string };
      if (first.length < size) outcome = { put: await putSmall(key, first), digest: sha256(first) };
      else outcome = await putLarge(key, first, parts);
      await expectKept(key, outcome.digest);
      return outcome.put === "new" ? "new" : "there";
    },
    list: (prefix) => {
      checkPrefix(prefix);
      return listIn(client, prefix, listParts);
    },
    remove: async (key) => {
      checkRemovable(key);
      const gone = await client.send({ method: "DELETE", key, also: [404] });
      await discard(gone);
    },
  };
}

const isBlob = (key: string): boolean => key.startsWith("blob/");

async function* listIn(
  client: S3Client,
  prefix: string,
  most: number,
): AsyncGenerator<string, void> {
  const own = client.address.prefix;
  /** What the server has named as the next part: it comes nearer to the end with each. */
  const asked = new Set<string>();
  for (let token: string | undefined = ""; token !== undefined; ) {
    const response = await client.send({
      method: "GET",
      query: {
        ...{ "list-type": "2", prefix: `${own}${prefix}` },
        ...(token && { "continuation-token": token }),
      },
    });
    const text = await textOf(client, response);
    for (const [, found = ""] of text.matchAll(/<Key>([^<]*)<\/Key>/g)) {
      const key = unescaped(found);
      // What others put there, or a server that says more than it was asked, is none of ours.
      if (key.startsWith(`${own}${prefix}`) && isKey(key.slice(own.length)))
        yield key.slice(own.length);
    }
    const next = unescaped(fieldIn(text, "NextContinuationToken") ?? "");
    if (asked.has(next))
      throw new DataError(
        `${client.address.name}: expected the rest of a list, got a part of it again`,
      );
    if (next !== "" && asked.size >= most - 1)
      throw new DataError(
        `${client.address.name}: expected a list of at most ${most} parts, got more`,
      );
    asked.add(next);
    token = next === "" ? undefined : next;
  }
}

const NAMED: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};
const unescaped = (text: string): string =>
  text.replaceAll(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => NAMED[name] ?? "");
