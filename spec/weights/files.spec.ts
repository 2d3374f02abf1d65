import { existsSync } from "node:fs";
import { mkdtemp, open, readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { makeFolder, readIfThere, writeWhole } from "../../src/weights/files.ts";
import { writeAll } from "../../src/weights/nodeFile.ts";

const root = await mkdtemp(join(tmpdir(), "anchorgrad-files-"));
afterAll(() => rm(root, { recursive: true }));

describe("makeFolder", () => {
  it("makes what is missing, and does not mind what is there", async () => {
    const path = join(root, "a", "b", "c");
    await makeFolder(path);
    expect((await stat(path)).isDirectory()).toBe(true);
    await makeFolder(path);
    await makeFolder("/");
    await makeFolder(".");
  });

  it("can be asked for the same by many at once", async () => {
    const paths = Array.from({ length: 200 }, (_, i) => join(root, "d", `${i}`, "e"));
    await Promise.all(paths.flatMap((path) => [1, 2, 3, 4].map(() => makeFolder(path))));
    for (const path of paths) expect((await stat(path)).isDirectory()).toBe(true);
  });

  it("refuses what cannot be a folder", async () => {
    await writeFile(join(root, "file"), "");
    await expect(makeFolder(join(root, "file"))).rejects.toThrow("EEXIST");
    await expect(makeFolder(join(root, "file", "below"))).rejects.toThrow("ENOTDIR");
  });

  it.skipIf(!existsSync("/proc/self"))("refuses a place below /proc at once", async () => {
    await expect(makeFolder("/proc/anchorgrad/runs")).rejects.toThrow("ENOENT");
  });
});

describe("writeWhole", () => {
  it("leaves nothing behind where it cannot write", async () => {
    const path = join(root, "g", "taken");
    await makeFolder(join(path, "inside"));
    await expect(writeWhole(path, "text")).rejects.toThrow();
    expect(await readdir(join(root, "g"))).toEqual(["taken"]);
  });
});

describe("readIfThere", () => {
  it("reads a file, and nothing where there is none", async () => {
    const path = join(root, "text");
    expect(await readIfThere(path)).toBe(undefined);
    await writeWhole(path, "text");
    expect(new TextDecoder().decode(await readIfThere(path))).toBe("text");
  });

  it("refuses what is no file, and more than a text can hold, before it reads", async () => {
    await expect(readIfThere(root)).rejects.toThrow(`${root}: expected a file, got something else`);
    const path = join(root, "huge");
    await writeFile(path, "");
    await truncate(path, 2 ** 33);
    await expect(readIfThere(path)).rejects.toThrow(
      /huge: expected at most \d+ bytes, got 8589934592$/,
    );
    await rm(path);
  });

  it.skipIf(!existsSync("/dev/zero"))("refuses a device that never ends", async () => {
    await expect(readIfThere("/dev/zero")).rejects.toThrow("/dev/zero: expected a file");
  });
});

describe("writeAll", () => {
  it("names the file that the system, once it is open, no longer names", async () => {
    const path = join(root, "closed");
    await writeFile(path, "");
    const handle = await open(path, "r");
    const failed = writeAll(handle, "a", path);
    await expect(failed).rejects.toMatchObject({ code: "EBADF", path });
    await handle.close();
  });
});
