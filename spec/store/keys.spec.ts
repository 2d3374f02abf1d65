import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bytesOf } from "../../src/store/bytes.ts";
import { folderStore } from "../../src/store/folderStore.ts";
import { checkKey, checkPrefix } from "../../src/store/store.ts";
import { DataError } from "../../src/tensor/errors.ts";

let place: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "anchorgrad-keys-"));
});
afterAll(() => rm(place, { recursive: true }));

it("a folder refuses in words a key that begins another", async () => {
  const store = folderStore(join(place, "store"));
  await store.putOnce("attempt/a", bytesOf("1"));
  await store.putOnce("attempt/b/c", bytesOf("2"));
  for (const key of ["attempt/a/b", "attempt/a/b/c", "attempt/b"]) {
    expect(await store.has(key)).toBe(false);
    expect(await store.get(key)).toBeUndefined();
    await expect(store.putOnce(key, bytesOf("3"))).rejects.toThrow(
      new DataError(
        `${store.name}: ${key}: expected a key that begins no other, got one that does`,
      ),
    );
  }
  const keys: string[] = [];
  for await (const key of store.list("attempt/")) keys.push(key);
  expect(keys.sort()).toEqual(["attempt/a", "attempt/b/c"]);
});

it.each(["", "..", "blob/../x", "blob/a\0", `blob/${"a".repeat(1e4)}`, "blob/a\u202eb", "blob/ａ"])(
  "no store has a place for the key %j",
  (key) => {
    expect(() => checkKey(key)).toThrow(RangeError);
    expect(() => checkKey(key)).toThrow(/^store: expected a key .{0,200}$/);
  },
);

it.each([undefined, null, 5, {}, ["blob/a"]])("%j is no key", (key) => {
  expect(() => checkKey(key as never)).toThrow(RangeError);
  expect(() => checkPrefix(key as never)).toThrow(RangeError);
});
