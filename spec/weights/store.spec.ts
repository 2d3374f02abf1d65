import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { constant } from "../../src/tensor/apply.ts";
import { DataError } from "../../src/tensor/errors.ts";
import { checkpointFolder, disk } from "../../src/weights/files.ts";
import { encodeSafetensors } from "../../src/weights/safetensors.ts";
import { checkpointsIn, type Files } from "../../src/weights/store.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "anchorgrad-"));
});
afterEach(() => rm(folder, { recursive: true }));

const weights = { tensors: { w: constant(Float32Array.of(1, 2, 3), [3]) }, metadata: {} };
const others = { tensors: { w: constant(Float32Array.of(4, 5, 6), [3]) }, metadata: {} };

describe("checkpointsIn", () => {
  it("writes a digest beside the weights, as sha256sum does, and takes both away", async () => {
    const checkpoints = checkpointFolder(folder);
    await checkpoints.save("seed-0/base", weights);
    expect((await readdir(join(folder, "seed-0"))).sort()).toEqual([
      "base.safetensors",
      "base.safetensors.sha256",
    ]);
    const digest = createHash("sha256").update(encodeSafetensors(weights)).digest("hex");
    expect(await readFile(join(folder, "seed-0/base.safetensors.sha256"), "utf8")).toBe(
      `${digest}  base.safetensors\n`,
    );
    await checkpoints.remove("seed-0/base");
    expect(await readdir(join(folder, "seed-0"))).toEqual([]);
  });

  it("refuses weights with any flipped bit", async () => {
    const checkpoints = checkpointFolder(folder);
    await checkpoints.save("a", weights);
    const path = join(folder, "a.safetensors");
    const bytes = await readFile(path);
    await fc.assert(
      fc.asyncProperty(fc.nat(8 * bytes.length - 1), async (bit) => {
        const flipped = Uint8Array.from(bytes);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        await writeFile(path, flipped);
        await expect(checkpoints.load("a")).rejects.toThrow(DataError);
        await expect(checkpoints.load("a")).rejects.toThrow(
          `${path}: expected the bytes that were`,
        );
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  it("takes weights without a digest as they are", async () => {
    await writeFile(join(folder, "a.safetensors"), encodeSafetensors(weights));
    expect((await checkpointFolder(folder).load("a"))?.tensors["w"]?.data).toEqual(
      Float32Array.of(1, 2, 3),
    );
  });

  it("reads again what another process has just replaced", async () => {
    await checkpointFolder(folder).save("a", weights);
    let replaced = false;
    const files: Files = {
      ...disk,
      read: async (path) => {
        const bytes = await disk.read(path);
        if (!replaced && path.endsWith(".sha256")) {
          replaced = true;
          await checkpointFolder(folder).save("a", others);
        }
        return bytes;
      },
    };
    expect((await checkpointsIn(files, folder).load("a"))?.tensors["w"]?.data).toEqual(
      Float32Array.of(4, 5, 6),
    );
  });

  it("leaves no digest of former weights when it ends in the middle", async () => {
    await checkpointFolder(folder).save("a", weights);
    const broken: Files = {
      ...disk,
      write: (path, content) =>
        path.endsWith(".sha256")
          ? Promise.reject(new Error("no power"))
          : disk.write(path, content),
    };
    await expect(checkpointsIn(broken, folder).save("a", others)).rejects.toThrow("no power");
    expect((await checkpointFolder(folder).load("a"))?.tensors["w"]?.data).toEqual(
      Float32Array.of(4, 5, 6),
    );
  });
});
