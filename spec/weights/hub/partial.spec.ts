import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { thisProcess } from "../../../src/weights/disk/owner.ts";
import { ownerMark } from "../../../src/weights/disk/temporary.ts";
import { partialOf } from "../../../src/weights/hub/partial.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "anchorgrad-partial-"));
  path = join(folder, "w.bin");
});
afterEach(() => rm(folder, { recursive: true }));

// When it began cannot be seen here, so that it may be alive; no process has so high a number.
const alive = ownerMark({ ...thisProcess(), pid: process.ppid, start: "" });
const [ended, other] = [99_999_998, 99_999_999].map((pid) => ownerMark({ ...thisProcess(), pid }));
const name = (mark: string | undefined, ending = ".partial"): string => `w.bin.${mark}${ending}`;
const own = name(ownerMark());
const write = (file: string, text: string) => writeFile(join(folder, file), text);

describe("a file that grows into another one", () => {
  it("is this process's alone", async () => {
    await write(name(alive), "what another one writes");
    expect(await partialOf(path, ".partial")).toBe(join(folder, own));
    expect(await readdir(folder)).toEqual([name(alive)]);
    await write(own, "begun");
    await partialOf(path, ".partial");
    expect(await readFile(join(folder, own), "utf8")).toBe("begun");
    expect(await readFile(join(folder, name(alive)), "utf8")).toBe("what another one writes");
  });

  it.each([".partial", ".incomplete"] as const)(
    "goes on with the longest that an ended process has left: %s",
    async (ending) => {
      await write(name(ended, ending), "short");
      await write(name(other, ending), "longer");
      await write(`${name(other, ending)}.tag`, "its tag");
      // Of other files, and of nobody that can be told.
      for (const file of ["w.bin", "w.bin.partial", "v.bin.partial", `v${name(ended)}`])
        await write(file, "kept");
      const partial = await partialOf(path, ending);
      expect(partial).toBe(join(folder, name(ownerMark(), ending)));
      expect(await readFile(partial, "utf8")).toBe("longer");
      expect(await readFile(`${partial}.tag`, "utf8")).toBe("its tag");
      const kept = ["w.bin", "w.bin.partial", "v.bin.partial", `v${name(ended)}`];
      const mine = name(ownerMark(), ending);
      expect((await readdir(folder)).sort()).toEqual([...kept, mine, `${mine}.tag`].sort());
    },
  );
});
