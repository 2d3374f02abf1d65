import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { inject, vi } from "vitest";
import { root } from "./blocks.ts";

/** Milliseconds in which the package is built, however busy the machine; it takes a few seconds. */
const BUILDING = 600_000;

/**
 * The package in a folder of its own, built once for all specs of a run: the first builds, the others
 * wait for it. What it needs is beside it.
 * @returns the folder, with package.json, dist and node_modules
 */
export async function builtPackage(): Promise<string> {
  const folder = join(inject("labFolder"), "package");
  const built = join(folder, "built");
  const isFirst = await mkdir(folder).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") return false;
      throw error;
    },
  );
  if (isFirst) {
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    // Types are what `npm run check` looks at: what is written is the same, and takes less than half as long.
    const to = ["-p", join(root, "src"), "--noCheck", "--outDir", join(folder, "dist")];
    await promisify(execFile)(process.execPath, [tsc, ...to]);
    await cp(join(root, "package.json"), join(folder, "package.json"));
    await symlink(join(root, "node_modules"), join(folder, "node_modules"));
    await writeFile(built, "");
  }
  await vi.waitUntil(() => existsSync(built), { timeout: BUILDING, interval: 100 });
  return folder;
}
