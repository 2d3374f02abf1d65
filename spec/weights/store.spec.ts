import { createHash } from "node:crypto";
import { mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { constant } from "../../src/tensor/apply.ts";
import { DataError } from "../../src/tensor/errors.ts";
import { PART } from "../../src/tensor/parts.ts";
import type { TypedArray } from "../../src/tensor/tensor.ts";
import { hashedReader } from "../../src/weights/disk/hashing.ts";
import { checkpointFolder, disk, writeWhole } from "../../src/weights/files.ts";
import { encodeSafetensors } from "../../src/weights/safetensors.ts";
import { checkpointsIn, type Files, type FilesInParts } from "../../src/weights/store.ts";
import { bytesReader } from "../../src/weights/weightFile.ts";

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

describe("checkpoints of any size", () => {
  it("are written and read a bounded part at a time, whatever their size", async () => {
    const count = PART + 5;
    const tensors = {
      int: constant(Int32Array.of(1, 2, 3), [3]),
      large: constant(new Float32Array(count).fill(0.5), [count]),
      end: constant(Float32Array.of(7), [1]),
    };
    let most = 0;
    const see = (bytes: Uint8Array): Uint8Array => {
      most = Math.max(most, bytes.length);
      return bytes;
    };
    const inParts: FilesInParts = {
      open: async (path) => {
        const file = await disk.inParts?.open(path);
        return (
          file && {
            ...file,
            read: async (from, length, into) => see(await file.read(from, length, into)),
          }
        );
      },
      write: (path, parts) =>
        writeWhole(
          path,
          (async function* () {
            for await (const part of parts) yield see(part);
          })(),
        ),
    };
    const read = (path: string): Promise<Uint8Array | undefined> => {
      expect(path).toMatch(/\.sha256$/);
      return disk.read(path);
    };
    const write = (path: string, content: string | Uint8Array): Promise<void> => {
      expect(path).toMatch(/\.sha256$/);
      return disk.write(path, content);
    };
    const checkpoints = checkpointsIn({ ...disk, read, write, inParts }, folder);
    await checkpoints.save("a", { tensors, metadata: { a: "b" } });
    expect(most).toBe(4 * PART);
    const loaded = await checkpoints.load("a");
    expect(most).toBe(4 * PART);
    expect(loaded?.metadata).toEqual({ a: "b" });
    for (const [name, { data }] of Object.entries(tensors))
      expect(Buffer.from(bytesOf(loaded?.tensors[name]?.data)).equals(bytesOf(data))).toBe(true);
    const bytes = await readFile(join(folder, "a.safetensors"));
    expect(bytes.equals(encodeSafetensors({ tensors, metadata: { a: "b" } }))).toBe(true);
  });

  it("are hashed beyond 2 GiB, which Node reads of no file at once", async () => {
    const path = join(folder, "sparse");
    const file = await open(path, "w");
    await file.truncate(2 ** 31 + 5);
    await file.close();
    const reader = await disk.inParts?.open(path);
    // head -c 2147483653 /dev/zero | sha256sum
    expect(reader && (await hashedReader(reader).digest())).toBe(
      "68bdfcb656af3067b8110b5cc839b4e12b180ef11e86011b8df4a709fe2c2f67",
    );
  });

  it("have the digest of all bytes, in whichever order they are read", () =>
    fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 100 }),
        fc.array(fc.tuple(fc.nat(120), fc.nat(120))),
        async (bytes, parts) => {
          const { file, digest } = hashedReader(bytesReader(bytes));
          for (const [from, length] of parts)
            expect(await file.read(from, length)).toEqual(bytes.slice(from, from + length));
          expect(await digest()).toBe(createHash("sha256").update(bytes).digest("hex"));
        },
      ),
    ));
});

const bytesOf = (data: TypedArray | undefined): Uint8Array =>
  data ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(0);
