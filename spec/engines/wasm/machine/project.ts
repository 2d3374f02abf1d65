import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

export const root: string = fileURLToPath(new URL("../../../..", import.meta.url));

/** What a build said. */
export interface Built {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Builds the kernels of a project. */
export function build(project: string, ...flags: string[]): Built {
  const script = join(project, "kernels/wasm/build.mjs");
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...flags], {
    encoding: "utf8",
  });
  return { status, stdout, stderr: stripVTControlCharacters(stderr) };
}

/** Where a build puts the modules. */
export const MODULES = "src/engines/wasm/machine/modules.generated.ts";

/** A copy of the kernels that may be changed, with everything that a build needs. */
export interface Project extends AsyncDisposable {
  readonly folder: string;
  /** @throws Error where the text is not there: a change that changes nothing shows nothing */
  replace(file: string, from: string, to: string): Promise<void>;
}

export async function copyOfKernels(): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), "kernels-"));
  await cp(join(root, "kernels/wasm"), join(folder, "kernels/wasm"), { recursive: true });
  await mkdir(join(folder, "src/engines/wasm/machine"), { recursive: true });
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  return {
    folder,
    async replace(file, from, to) {
      const path = join(folder, file);
      const text = await readFile(path, "utf8");
      if (!text.includes(from)) throw new Error(`${file}: expected to find ${from}`);
      await writeFile(path, text.replace(from, to));
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}
