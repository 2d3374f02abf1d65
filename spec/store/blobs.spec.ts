import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { getFile } from "../../src/store/blobs.ts";
import { folderStore } from "../../src/store/folderStore.ts";
import { type Store, Unreachable } from "../../src/store/store.ts";
import { isTemporary } from "../../src/weights/disk/temporary.ts";

let place: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "anchorgrad-blobs-"));
});
afterAll(() => rm(place, { recursive: true }));

describe("what is fetched", () => {
  // Whoever comes after a kill removes what bears such a name.
  it("is named as all unfinished files are, until it is whole", async () => {
    const folder = join(place, "weights");
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(Buffer.from("half")),
      async pull() {
        const names = await readdir(folder);
        expect(names.map(isTemporary)).toEqual([true]);
        throw new Unreachable("the line broke");
      },
    });
    const store: Store = { ...folderStore(place), get: async () => broken };
    const digest = createHash("sha256").update("half").digest("hex");
    await expect(getFile(store, digest, join(folder, "a"))).rejects.toThrow("the line broke");
    expect(await readdir(folder)).toEqual([]);
  });
});
