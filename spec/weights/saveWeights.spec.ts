import fs, { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { constant } from "../../src/tensor/apply.ts";
import { openWeights } from "../../src/weights/openWeights.ts";
import { saveWeights } from "../../src/weights/saveWeights.ts";
import type { TensorSource } from "../../src/weights/write.ts";

const root = await mkdtemp(join(tmpdir(), "anchorgrad-swap-"));
afterAll(() => rm(root, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

/** Three tensors of 40 bytes whose numbers say which model they are of. */
const model = (which: number): TensorSource[] =>
  ["embed", "norm", "head"].map((name) => ({
    ...{ name, shape: [10], type: "F32" },
    read: () => constant(new Float32Array(10).fill(which), [10]),
  }));

/** As a single file, or in so many shards. */
const save = (folder: string, which: number, shards: number): Promise<unknown> =>
  saveWeights(folder, model(which), { maxShardBytes: { 1: 1000, 2: 80, 3: 40 }[shards] ?? 0 });

/** Which model a folder holds. @throws where it holds none, or a mixture */
async function held(folder: string): Promise<number> {
  const file = await openWeights(folder);
  const found = new Set<number>();
  for (const name of file.names) for (const x of (await file.read(name)).data) found.add(x);
  if (file.names.length !== 3 || found.size !== 1) throw new Error(`a mixture: ${[...found]}`);
  return [...found][0] as number;
}

const CHANGES = ["rename", "rm", "link", "copyFile"] as const;

/** Counts what is changed on the disk, and ends the "process" before one of the changes. */
function dieBefore(change: number, links = true): { readonly changes: () => number } {
  let count = 0;
  for (const name of CHANGES) {
    const original = fs[name] as (...args: unknown[]) => Promise<void>;
    vi.spyOn(fs, name).mockImplementation((async (...args: unknown[]) => {
      if (count >= change) throw new Error("killed");
      count++;
      if (name === "link" && !links) throw new Error("EPERM");
      return Reflect.apply(original, fs, args);
    }) as never);
  }
  return { changes: () => count };
}

const partial = (name: string): boolean => !name.endsWith(".partial");

describe("saveWeights, ended before any change of the disk", () => {
  const layouts = [1, 2, 3].flatMap((from) => [1, 2, 3].map((to) => [from, to] as const));

  test.each(layouts)("of %d files by %d leaves one of the models whole", async (from, to) => {
    for (const links of [true, false]) {
      const before = join(root, `${from}-${to}-${links}`);
      await save(before, 1, from);
      const { changes } = dieBefore(Number.POSITIVE_INFINITY, links);
      const whole = `${before}-whole`;
      await cp(before, whole, { recursive: true });
      await save(whole, 2, to);
      const all = changes();
      vi.restoreAllMocks();
      expect(await held(whole)).toBe(2);
      expect(all).toBeGreaterThan(0);
      const seen: number[] = [];
      for (let change = 0; change < all; change++) {
        const folder = `${before}-${change}`;
        await cp(before, folder, { recursive: true });
        dieBefore(change, links);
        await save(folder, 2, to).catch(() => {});
        vi.restoreAllMocks();
        seen.push(await held(folder));
        // Whoever saves next finds its way, and leaves nothing of either.
        await save(folder, 3, from);
        expect(await held(folder)).toBe(3);
        expect((await readdir(folder)).filter(partial).sort()).toEqual(
          (await readdir(before)).sort(),
        );
      }
      // First the former, and from some change on the new one.
      expect(seen).toEqual([...seen].sort());
      expect(seen[0]).toBe(1);
    }
  });
});
