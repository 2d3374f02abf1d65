import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { inputCache } from "../../src/jobs/inputs.ts";
import { bytesOf, digestOf } from "../../src/store/bytes.ts";
import { folderStore } from "../../src/store/folderStore.ts";
import type { Store } from "../../src/store/store.ts";

let place: string;
let store: Store;
let digest: string;
let fetched: string[];
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), "anchorgrad-inputs-"));
  const folder = folderStore(join(place, "store"));
  fetched = [];
  store = {
    ...folder,
    get: (key) => {
      fetched.push(key);
      return folder.get(key);
    },
  };
  digest = await digestOf(bytesOf("weights"));
  await store.putOnce(`blob/${digest}`, bytesOf("weights"));
});
afterEach(() => rm(place, { recursive: true }));

describe("blobs of a store on this machine", () => {
  it("are fetched once, and have as many names as jobs", async () => {
    const cache = inputCache(store, join(place, "inputs"));
    const paths = [1, 2, 3].map((job) => join(place, `job-${job}`, "w"));
    await Promise.all(paths.map((path) => cache.place(digest, path)));
    for (const path of paths) expect(await readFile(path, "utf8")).toBe("weights");
    expect(fetched).toHaveLength(1);
    expect((await stat(join(place, "inputs", digest))).nlink).toBe(4);
  });

  it("stay for the next worker, unless they are damaged", async () => {
    const folder = join(place, "inputs");
    await inputCache(store, folder).place(digest, join(place, "one"));
    await inputCache(store, folder).place(digest, join(place, "two"));
    expect(fetched).toHaveLength(1);
    await rm(join(folder, digest));
    await writeFile(join(folder, digest), "weighty");
    await inputCache(store, folder).place(digest, join(place, "three"));
    expect(await readFile(join(place, "three"), "utf8")).toBe("weights");
  });

  it("are asked for again after a failure", async () => {
    const cache = inputCache(store, join(place, "inputs"));
    const other = await digestOf(bytesOf("others"));
    const path = join(place, "w");
    await expect(cache.place(other, path)).rejects.toThrow(
      "expected bytes of that digest, got none",
    );
    await store.putOnce(`blob/${other}`, bytesOf("others"));
    await cache.place(other, path);
    expect(await readFile(path, "utf8")).toBe("others");
  });
});
