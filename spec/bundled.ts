import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Bundles scripts of this repository for processes of their own. As in the package, what is loaded late is in
 * files of its own: GPU.js alone takes every process a tenth of a second that has no use for it.
 * @param place gets `bin/<name>.js`, and the repository's packages beside it if it is to have them
 * @param scripts from the repository's root
 */
export async function bundleScripts(
  place: string,
  scripts: readonly string[],
  withPackages = true,
): Promise<void> {
  await build({
    entryPoints: scripts.map((script) => join(root, script)),
    ...{ outdir: join(place, "bin"), entryNames: "[name]", bundle: true, splitting: true },
    ...{ platform: "node", target: "node20", format: "esm", packages: "external" },
    logLevel: "error",
  });
  if (withPackages) await symlink(join(root, "node_modules"), join(place, "node_modules"));
  await writeFile(join(place, "package.json"), '{ "type": "module", "version": "0.0.0" }');
}
