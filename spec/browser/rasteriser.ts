import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { findChromium, fromSource } from "./chromium.ts";

/** Where a distribution keeps Chromium's software rasteriser, which is a Vulkan driver, and its loader. */
const rasteriser = [dirname(findChromium()), "/usr/lib/chromium", "/usr/lib/chromium-browser"].find(
  (folder) => existsSync(join(folder, "vk_swiftshader_icd.json")),
);
export const absent: boolean = rasteriser === undefined;
export const reason: string = absent
  ? " (skipped: no vk_swiftshader_icd.json beside Chromium)"
  : "";

/** Mesa's rasteriser, which has f16; Dawn refuses those of Vulkan before 1.4, as Debian 12 has it. */
const lavapipe = [process.env["LAVAPIPE"] ?? "", "/usr/share/vulkan/icd.d/lvp_icd.json"].find(
  (file) => existsSync(file) && /"api_version": "1\.([4-9]|\d\d)/.test(readFileSync(file, "utf8")),
);
export const withoutF16: string =
  lavapipe === undefined
    ? " (skipped: install mesa-vulkan-drivers 25 or set LAVAPIPE to its ICD file)"
    : "";

/** What makes Node's WebGPU run on Mesa's. Shaders that it compiled are kept: they take seconds. */
export const f16Driver: Readonly<Record<string, string>> =
  lavapipe === undefined
    ? {}
    : {
        VK_DRIVER_FILES: lavapipe,
        XDG_RUNTIME_DIR: fileURLToPath(new URL("../../node_modules/.cache/", import.meta.url)),
        MESA_SHADER_CACHE_DIR: fileURLToPath(
          new URL("../../node_modules/.cache/lavapipe/", import.meta.url),
        ),
      };

/** What makes Node's WebGPU run on it. */
export const driver: Readonly<Record<string, string>> =
  rasteriser === undefined
    ? {}
    : {
        VK_DRIVER_FILES: join(rasteriser, "vk_swiftshader_icd.json"),
        LD_LIBRARY_PATH: rasteriser,
      };

/** Bundles a script for Node, so that a process of its own can run it. @returns its path */
export async function bundleScript(entry: string): Promise<string> {
  const name = entry.replace(/.*\/|\.\w+$/g, "");
  const path = `../../node_modules/.cache/nodeGpu/${name}.mjs`;
  const outfile = fileURLToPath(new URL(path, import.meta.url));
  await build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    ...{ outfile, bundle: true, platform: "node", format: "esm", logLevel: "error" },
    ...{ target: "node20", external: ["gpu.js", "webgpu"] },
    plugins: [fromSource],
  });
  return outfile;
}

/** Runs Node, with more in its environment, until it ends. */
export function runNode(
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, args, {
    env: { ...process.env, ...env },
    encoding: "utf8",
    timeout: 1_500_000,
  });
}
