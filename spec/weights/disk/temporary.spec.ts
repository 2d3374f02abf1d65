import { execFile, execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Owner, thisProcess } from "../../../src/weights/disk/owner.ts";
import {
  isLeft,
  isTemporary,
  ownerMark,
  removeUnfinished,
  temporaryPath,
} from "../../../src/weights/disk/temporary.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "anchorgrad-"));
});
afterEach(() => rm(folder, { recursive: true }));

const owners: fc.Arbitrary<Owner> = fc.record({
  pid: fc.integer({ min: 1, max: 2 ** 31 }),
  start: fc.bigInt({ min: 0n, max: 2n ** 60n }).map(String),
  boot: fc.uuid(),
  namespace: fc.nat().map((n) => `pid:[${n}]`),
  host: fc.domain(),
});

/** A file that an owner has begun, unchanged for some minutes. */
async function begun(owner: Owner, minutes = 0): Promise<string> {
  const path = join(folder, `a.bin.${ownerMark(owner)}-0123456789.partial`);
  await writeFile(path, "half");
  const time = new Date(Date.now() - 60_000 * minutes);
  await utimes(path, time, time);
  return path;
}

const here = thisProcess();
/** No system gives a process this number. */
const ended = { ...here, pid: 999_999_999 };
const elsewhere = { ...here, namespace: "pid:[1]" };

describe("temporary names", () => {
  test("are different each time, beside the path, and known again", () => {
    const names = Array.from({ length: 1000 }, () => temporaryPath("runs/metrics.jsonl"));
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) {
      expect(name.startsWith("runs/metrics.jsonl.")).toBe(true);
      expect(isTemporary(basename(name))).toBe(true);
    }
  });

  test("are known whoever made them; other names are not", () => {
    fc.assert(
      fc.property(owners, (owner) => {
        expect(isTemporary(`a.${ownerMark(owner)}-00ff00ff00.partial`)).toBe(true);
      }),
    );
    for (const name of ["a.partial", "responses.jsonl.partial", "a.12.partial", "a.bin"])
      expect(isTemporary(name)).toBe(false);
  });

  test("tell who has ended: at once of this machine, after an hour of others", async () => {
    expect(await isLeft(await begun(here, 600))).toBe(false);
    expect(await isLeft(await begun(ended))).toBe(true);
    expect(await isLeft(await begun({ ...here, start: "1" }))).toBe(true);
    expect(await isLeft(await begun(elsewhere, 59))).toBe(false);
    expect(await isLeft(await begun(elsewhere, 61))).toBe(true);
    expect(await isLeft(join(folder, "gone"))).toBe(false);
  });

  test("of folders are as new as what is in them", async () => {
    const path = join(folder, `a.${ownerMark(elsewhere)}-0123456789.partial`);
    const old = new Date(Date.now() - 7_200_000);
    await mkdir(join(path, "deep"), { recursive: true });
    await writeFile(join(path, "deep", "file"), "");
    for (const each of ["deep", ""]) await utimes(join(path, each), old, old);
    expect(await isLeft(path)).toBe(false);
    await utimes(join(path, "deep", "file"), old, old);
    expect(await isLeft(path)).toBe(true);
  });
});

test("removeUnfinished removes what is left, and nothing that somebody writes or calls its own", async () => {
  const kept = [await begun(here), await begun(elsewhere)];
  await begun(ended);
  for (const name of ["responses.jsonl.partial", "metrics.jsonl"]) {
    await writeFile(join(folder, name), "");
    kept.push(join(folder, name));
  }
  await removeUnfinished(folder);
  expect((await readdir(folder)).sort()).toEqual(kept.map((path) => basename(path)).sort());
  await removeUnfinished(join(folder, "none"));
});

/** Why there can be no namespaces here; undefined where there can. */
function withoutNamespaces(): string | undefined {
  try {
    execFileSync("unshare", ["--pid", "--fork", "--mount-proc", "true"], { stdio: "pipe" });
    return undefined;
  } catch (error) {
    return `: skipped, ${(error as Error).message.trim().split("\n").at(-1)}`;
  }
}
const reason = withoutNamespaces();

/** Writes a file again and again, and clears up each time; tells its pid. */
const writer = `
import { readdir } from "node:fs/promises";
import { removeUnfinished, writeWhole } from "./files.ts";
const [folder = "", times = "0", letter = ""] = process.argv.slice(2);
for (let i = 0; i < Number(times); i++) {
  await removeUnfinished(folder);
  await writeWhole(folder + "/file", letter.repeat(100_000));
}
console.log(process.pid);
`;

test.skipIf(reason !== undefined)(
  `two containers' process 1 write one path, and clear up: no write fails${reason ?? ""}`,
  async () => {
    const script = join(folder, "writer.mjs");
    await build({
      stdin: {
        contents: writer,
        loader: "ts",
        resolveDir: fileURLToPath(new URL("../../../src/weights", import.meta.url)),
      },
      ...{ outfile: script, bundle: true, platform: "node", format: "esm", logLevel: "error" },
    });
    const shared = join(folder, "shared");
    await mkdir(shared);
    const letters = ["a", "b", "c"];
    const told = await Promise.all(
      letters.map((letter) =>
        promisify(execFile)("unshare", [
          ...["--pid", "--fork", "--mount-proc", process.execPath],
          ...[script, shared, "150", letter],
        ]),
      ),
    );
    expect(told.map(({ stdout }) => stdout)).toEqual(letters.map(() => "1\n"));
    expect(await readdir(shared)).toEqual(["file"]);
    const text = await readFile(join(shared, "file"), "utf8");
    expect(letters.map((letter) => letter.repeat(100_000))).toContain(text);
  },
);
