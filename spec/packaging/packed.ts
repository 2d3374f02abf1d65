import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { builtPackage } from "../docs/built.ts";

const execute = promisify(execFile);
export const root: string = fileURLToPath(new URL("../..", import.meta.url));
const tsc = join(root, "node_modules/typescript/bin/tsc");

/** What a program said. @throws Error with that, where it fails */
export async function run(
  program: string,
  args: readonly string[],
  cwd: string,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  try {
    return await execute(program, args, { cwd, maxBuffer: 2 ** 26 });
  } catch (error) {
    const { stdout = "", stderr = "", message } = error as Error & Record<string, string>;
    throw new Error([message, stdout, stderr].join("\n"));
  }
}

export const node = (args: readonly string[], cwd: string): ReturnType<typeof run> =>
  run(process.execPath, args, cwd);
export const typeCheck = (folder: string): ReturnType<typeof run> =>
  node([tsc, "-p", folder], folder);

/** The package as npm makes it of this repository, and a folder that has it installed. */
export interface Packed {
  readonly tarball: string;
  /** A project that has installed the tarball and nothing else. */
  readonly app: string;
  /** What npm said while it installed. */
  readonly said: string;
  remove(): Promise<void>;
}

/**
 * Builds, packs and installs: what `npm publish` would upload, in a folder of somebody else's.
 * @throws Error where npm cannot reach what the package depends on
 */
export async function pack(): Promise<Packed> {
  const place = await mkdtemp(join(tmpdir(), "anchorgrad-"));
  const remove = (): Promise<void> => rm(place, { recursive: true, force: true });
  try {
    const stage = join(place, "stage");
    await cp(join(await builtPackage(), "dist"), join(stage, "dist"), { recursive: true });
    await node([join(root, "packaging/bundle.mjs"), join(stage, "dist")], root);
    for (const file of ["package.json", "README.md", "LICENSE"])
      await cp(join(root, file), join(stage, file));
    const { stdout } = await run("npm", ["pack", "--ignore-scripts", "--silent"], stage);
    const tarball = join(stage, stdout.trim());
    const app = join(place, "app");
    await mkdir(app);
    await writeFile(join(app, "package.json"), JSON.stringify({ private: true, type: "module" }));
    const install = ["install", "--prefer-offline", "--no-audit", "--no-fund"];
    const { stdout: out, stderr } = await run("npm", [...install, tarball], app);
    return { tarball, app, said: `${out}${stderr}`, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Puts optional packages of this repository beside what is installed. */
export async function link(app: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await mkdir(join(app, "node_modules", name, ".."), { recursive: true });
    await symlink(join(root, "node_modules", name), join(app, "node_modules", name));
  }
}

/** Every file below a folder, and its bytes. */
export async function filesOf(folder: string): Promise<Map<string, number>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = files.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    return [path, (await readFile(path)).length] as const;
  });
  return new Map(await Promise.all(sizes));
}
