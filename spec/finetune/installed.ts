import { execFile } from "node:child_process";
import { cp, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Builds the package into a folder. @returns the command's file, for a process of its own */
export async function install(folder: string): Promise<string> {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const to = join(folder, "dist");
  await promisify(execFile)(process.execPath, [tsc, "-p", join(root, "src"), "--outDir", to]);
  await cp(join(root, "package.json"), join(folder, "package.json"));
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  return join(to, "src/cli/main.js");
}
