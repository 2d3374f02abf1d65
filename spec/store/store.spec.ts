import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { getFile, putFile } from "../../src/store/blobs.ts";
import { bytesOf, collect, inParts } from "../../src/store/bytes.ts";
import { folderStore } from "../../src/store/folderStore.ts";
import {
  type Attempt,
  attemptsOf,
  getRecord,
  getResult,
  putRecord,
  putResult,
} from "../../src/store/records.ts";
import { readS3Url } from "../../src/store/s3/address.ts";
import { s3Client } from "../../src/store/s3/client.ts";
import { s3Store } from "../../src/store/s3Store.ts";
import { Conflict, type Store, Unreachable } from "../../src/store/store.ts";
import { credentials, openS3, type S3Server } from "./s3Server.ts";

let place: string;
let server: S3Server;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "anchorgrad-store-"));
  server = await openS3();
});
afterAll(async () => {
  await server.close();
  await rm(place, { recursive: true });
});
beforeEach(() => {
  for (const name of Object.keys(server.behaviour))
    delete server.behaviour[name as keyof typeof server.behaviour];
});

/** So small that most of what is put takes several. */
const PART = 64;
let count = 0;

const kinds: Record<string, () => Promise<Store>> = {
  folder: async () => folderStore(join(place, `${count++}`)),
  s3: async () => {
    const text = `s3://bucket/of store/${count++}?endpoint=${server.endpoint}`;
    const address = readS3Url(text, {});
    return s3Store(await s3Client({ address, credentials, patience: 1, tries: 8 }), {
      part: PART,
    });
  },
  "s3 whose server overwrites": async () => {
    server.behaviour.conditions = "ignored";
    return (kinds["s3"] as () => Promise<Store>)();
  },
  "s3 whose server knows no conditions": async () => {
    server.behaviour.conditions = "unknown";
    return (kinds["s3"] as () => Promise<Store>)();
  },
};

const sha256 = (bytes: Uint8Array | string): string =>
  createHash("sha256").update(bytes).digest("hex");
const read = async (store: Store, key: string): Promise<Uint8Array | undefined> => {
  const stream = await store.get(key);
  return stream && new Uint8Array(await collect(stream));
};
/** Bytes in pieces of any lengths. */
async function* pieces(bytes: Uint8Array, lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const length of lengths) {
    yield bytes.subarray(at, at + length);
    at += length;
  }
  yield bytes.subarray(at);
}
const all = async (keys: AsyncIterable<string>): Promise<string[]> => {
  const found: string[] = [];
  for await (const key of keys) found.push(key);
  return found.sort();
};

const bytes = fc.uint8Array({ maxLength: 5 * PART });
const lengths = fc.array(fc.nat(2 * PART), { maxLength: 6 });
const attempt = (id: string, device = "wasm"): Attempt => ({
  id,
  facts: { seconds: 1, device, machine: "two cores" },
});

describe.each(Object.keys(kinds))("a store: %s", (kind) => {
  const open = (): Promise<Store> => (kinds[kind] as () => Promise<Store>)();

  it("gives back what was put, under its key and no other", async () => {
    const store = await open();
    await fc.assert(
      fc.asyncProperty(bytes, lengths, async (content, cuts) => {
        const key = `blob/${sha256(content)}`;
        const before = await store.has(key);
        expect(await store.putOnce(key, pieces(content, cuts))).toBe(before ? "there" : "new");
        expect(await store.putOnce(key, bytesOf(content))).toBe("there");
        expect(await store.has(key)).toBe(true);
        expect(await read(store, key)).toEqual(content);
        expect(await read(store, `blob/${sha256(key)}`)).toBeUndefined();
      }),
      { numRuns: 20 },
    );
  });

  it("keeps the first of different bytes, and says which are which", async () => {
    await fc.assert(
      fc.asyncProperty(bytes, bytes, async (first, second) => {
        fc.pre(sha256(first) !== sha256(second));
        const store = await open();
        await store.putOnce("result/a", bytesOf(first));
        const refused = store.putOnce("result/a", bytesOf(second));
        await expect(refused).rejects.toThrow(Conflict);
        await expect(refused).rejects.toMatchObject({ kept: sha256(first), given: sha256(second) });
        expect(await read(store, "result/a")).toEqual(first);
      }),
      { numRuns: 10 },
    );
  });

  it("takes the same from many at once", async () => {
    const store = await open();
    const content = new Uint8Array(3 * PART).fill(7);
    const puts = Array.from({ length: 8 }, () => store.putOnce("result/b", bytesOf(content)));
    const said = await Promise.all(puts);
    expect(said).toContain("new");
    if (kind === "folder" || kind === "s3")
      expect(said.filter((one) => one === "new")).toHaveLength(1);
    expect(await read(store, "result/b")).toEqual(content);
  });

  it("refuses a blob of another digest, and leaves nothing of it", async () => {
    const store = await open();
    for (const length of [3, 3 * PART]) {
      const key = `blob/${sha256(`${length}`)}`;
      const put = store.putOnce(key, bytesOf(new Uint8Array(length)));
      await expect(put).rejects.toThrow("expected bytes of that SHA-256, got");
      expect(await store.has(key)).toBe(false);
    }
    expect(server.uploads.size).toBe(0);
  });

  it("leaves nothing of what its writer did not finish", async () => {
    const store = await open();
    async function* breaking(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(2 * PART);
      throw new Error("the disk is gone");
    }
    await expect(store.putOnce("result/c", breaking())).rejects.toThrow("the disk is gone");
    expect(await store.has("result/c")).toBe(false);
    expect(server.uploads.size).toBe(0);
  });

  it("lists what is there, and removes checkpoints only", async () => {
    const store = await open();
    const keys = ["attempt/a/w-1", "attempt/a/w-2", "attempt/ab/w-1", "checkpoint/a/1", "result/a"];
    for (const key of keys) await store.putOnce(key, bytesOf(key));
    expect(await all(store.list("attempt/a/"))).toEqual(keys.slice(0, 2));
    expect(await all(store.list("attempt/"))).toEqual(keys.slice(0, 3));
    expect(await all(store.list("blob/"))).toEqual([]);
    await store.remove("checkpoint/a/1");
    await store.remove("checkpoint/a/1");
    expect(await store.has("checkpoint/a/1")).toBe(false);
    await expect(store.remove("result/a")).rejects.toThrow(RangeError);
    for (const key of ["", "blob", "blob/../a", "/blob/a", "blob//a", "blob/.a", "blob/a.partial"])
      await expect(
        store.has(key).then(() => store.get(key)),
        key,
      ).rejects.toThrow(RangeError);
  });

  it("keeps records, and tells when one is damaged", async () => {
    const store = await open();
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.uuid(), async (value, id) => {
        const json = JSON.parse(JSON.stringify(value));
        await putRecord(store, `pretrained/${id}`, json);
        expect(await getRecord(store, `pretrained/${id}`)).toEqual(json);
      }),
      { numRuns: 10 },
    );
    await store.putOnce("pretrained/bad", bytesOf(`${sha256('"b"\n')}\n"a"\n`));
    await expect(getRecord(store, "pretrained/bad")).rejects.toThrow("it is damaged");
  });

  it("names both attempts where their results differ", async () => {
    const store = await open();
    expect(await getResult(store, "k")).toBeUndefined();
    expect(await putResult(store, "k", [1], attempt("one-1"))).toBe("new");
    expect(await putResult(store, "k", [1], attempt("two-1"))).toBe("there");
    const other = putResult(store, "k", [2], attempt("three-1", "another"));
    await expect(other).rejects.toThrow(
      /attempt (one|two)-1 \(wasm; two cores\).*attempt three-1 \(another; two cores\)/,
    );
    expect(await getResult(store, "k")).toEqual([1]);
    const known = await attemptsOf(store, "k");
    expect(known.map(({ id }) => id).sort()).toEqual(["one-1", "three-1", "two-1"]);
    expect(new Set(known.map(({ result }) => result)).size).toBe(2);
  });

  it("moves files, and refuses damaged ones whole", async () => {
    const store = await open();
    const path = join(place, "file");
    await writeFile(path, "the weights");
    const digest = await putFile(store, path);
    expect(await putFile(store, path)).toBe(digest);
    const copy = join(place, `${count++}`, "deep", "copy");
    await getFile(store, digest, copy);
    expect(await readFile(copy, "utf8")).toBe("the weights");
    await expect(getFile(store, sha256("none"), copy)).rejects.toThrow("got none");
    for (const [key] of server.objects)
      if (key.endsWith(digest)) server.objects.set(key, Buffer.from("the weight5"));
    if (kind === "folder") await writeFile(join(store.name, "blob", digest), "the weight5");
    await rm(copy);
    await expect(getFile(store, digest, copy)).rejects.toThrow("it is damaged");
    expect(await readdir(join(copy, ".."))).toEqual([]);
  });
});

describe("inParts", () => {
  it("cuts any pieces into parts of one size", async () => {
    await fc.assert(
      fc.asyncProperty(bytes, lengths, fc.integer({ min: 1, max: 99 }), async (b, cuts, size) => {
        const parts: Uint8Array[] = [];
        for await (const part of inParts(pieces(b, cuts), size)) parts.push(part);
        expect(new Uint8Array(Buffer.concat(parts))).toEqual(b);
        expect(parts.slice(0, -1).every(({ length }) => length === size)).toBe(true);
        expect(parts).toHaveLength(Math.max(1, Math.ceil(b.length / size)));
      }),
    );
  });
});

describe("a bucket over a bad line", () => {
  const open = kinds["s3"] as () => Promise<Store>;
  const content = new Uint8Array(4 * PART).map((_, i) => i);
  const key = `blob/${sha256(content)}`;

  it("is asked again while the server is busy", async () => {
    const store = await open();
    server.behaviour.busy = 5;
    expect(await store.putOnce(key, bytesOf(content))).toBe("new");
    server.behaviour.busy = 8;
    await expect(store.has(key)).rejects.toThrow(/HEAD s3:.*got 503.* 8 times/);
    server.behaviour.busy = 8;
    await expect(store.has(key)).rejects.toThrow(Unreachable);
  });

  it("reads on where the line broke", async () => {
    const store = await open();
    await store.putOnce(key, bytesOf(content));
    server.behaviour.cut = 4;
    expect(await read(store, key)).toEqual(content);
    expect(server.behaviour.cut).toBe(0);
  });

  it("is whole where answers were lost", async () => {
    for (const mute of [1, 2, 3, 4, 5, 6, 7])
      for (const length of [PART / 2, 4 * PART]) {
        const store = await open();
        const some = content.subarray(0, length);
        server.behaviour.mute = mute;
        await store.putOnce("result/a", bytesOf(some));
        server.behaviour.mute = 0;
        expect(await read(store, "result/a")).toEqual(some);
      }
    // Those whose beginning was not heard of; a bucket's rule clears them up.
    server.behaviour.mute = 0;
  });

  it("refuses at once what trying again would not mend", async () => {
    const address = readS3Url(`s3://bucket?endpoint=${server.endpoint}`, {});
    const secretAccessKey = "another";
    const store = s3Store(
      await s3Client({ address, credentials: { ...credentials, secretAccessKey } }),
    );
    const before = server.log.length;
    await expect(store.get("result/a")).rejects.toThrow("got 403 SignatureDoesNotMatch");
    expect(server.log.length).toBe(before + 1);
  });
});
