import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { unpackedText } from "../../../src/pretrain/texts/debian.ts";
import { attack, mutants, mutate } from "../../fuzz/mutants.ts";

test("a text of a package is unpacked, or refused with its place", async () => {
  const packed = gzipSync("the river was slow and a boat went by ".repeat(20));
  expect(unpackedText(packed, "a.deb: doc.gz")).toHaveLength(760);
  expect(() => unpackedText(gzipSync(new Uint8Array(5000)), "a.deb: doc.gz", 4999)).toThrow(
    /^a\.deb: doc\.gz: expected at most 4999 bytes of text packed by gzip, got others/,
  );
  const { fault, refused } = await attack(
    mutants(1000),
    (roll) => mutate(packed, roll),
    (bytes) => unpackedText(bytes, "a.deb: doc.gz", 5000).length <= 5000,
  );
  expect(fault).toBeUndefined();
  expect(refused).toBeGreaterThan(0);
});
