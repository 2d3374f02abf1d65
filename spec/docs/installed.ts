import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "./blocks.ts";
import { builtPackage } from "./built.ts";

const run = promisify(execFile);
const tsc = join(root, "node_modules/typescript/bin/tsc");

/** A folder of somebody who has installed the package, and nothing of the repository. */
export interface Place extends AsyncDisposable {
  readonly folder: string;
  /** Type-checks files of the folder strictly. @throws Error with what the compiler says */
  check(files: readonly string[], options: object): Promise<void>;
  /** Runs a command there. @throws Error with what it wrote, where it fails */
  run(command: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<string>;
}

/** What its author has written into a strict program's tsconfig.json. */
const STRICT = {
  ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
  ...{ noImplicitOverride: true, noImplicitReturns: true, noUnusedLocals: true },
  ...{ target: "es2022", types: ["node"], skipLibCheck: false },
};

/** @param packages what is installed beside it */
export async function installed(packages: readonly string[] = []): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "anchorgrad-docs-"));
  await mkdir(join(folder, "node_modules/.bin"), { recursive: true });
  await symlink(await builtPackage(), join(folder, "node_modules/anchorgrad"));
  for (const name of ["@types", ...packages])
    await symlink(join(root, "node_modules", name), join(folder, "node_modules", name));
  await symlink("../anchorgrad/dist/src/cli/main.js", join(folder, "node_modules/.bin/anchorgrad"));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  let checks = 0;
  return {
    folder,
    async check(files, options) {
      const config = `tsconfig.${checks++}.json`;
      const compilerOptions = { ...STRICT, rootDir: ".", ...options };
      await writeFile(join(folder, config), JSON.stringify({ compilerOptions, files }));
      await run(process.execPath, [tsc, "-p", join(folder, config)]).catch(
        ({ stdout, message }) => {
          throw new Error(stdout || message);
        },
      );
    },
    async run(command, args, env = {}) {
      const { stdout } = await run(command, [...args], {
        ...{ cwd: folder, maxBuffer: 2 ** 26 },
        env: { ...process.env, NO_COLOR: "1", ...env },
      }).catch(({ stdout = "", stderr = "", message }) => {
        throw new Error(`${message}\n${stdout}${stderr}`);
      });
      return stdout;
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}
