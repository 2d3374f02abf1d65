import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { beforeAll, describe, expect, test } from "vitest";
import { findChromium, fromSource } from "./chromium.ts";
import { pytorchLosses } from "./peerData.ts";

/** Where a distribution keeps Chromium's software rasteriser, which is a Vulkan driver, and its loader. */
const rasteriser = [dirname(findChromium()), "/usr/lib/chromium", "/usr/lib/chromium-browser"].find(
  (folder) => existsSync(join(folder, "vk_swiftshader_icd.json")),
);
const absent = rasteriser === undefined;
const reason = absent ? " (skipped: no vk_swiftshader_icd.json beside Chromium)" : "";

const SCRIPT = fileURLToPath(
  new URL("../../node_modules/.cache/nodeGpu/script.mjs", import.meta.url),
);

/** Refuses to find the package `webgpu`. */
const WITHOUT_PACKAGE = `data:text/javascript,${encodeURIComponent(
  `import { register } from "node:module"; register(${JSON.stringify(
    `data:text/javascript,${encodeURIComponent(
      'export const resolve = (name, context, next) => { if (name === "webgpu") throw new Error("Cannot find package webgpu"); return next(name, context); }',
    )}`,
  )});`,
)}`;

function runScript(env: Readonly<Record<string, string>>, ...args: string[]) {
  return spawnSync(process.execPath, args, {
    env: { ...process.env, ...env },
    encoding: "utf8",
    timeout: 200_000,
  });
}

describe("WebGPU in Node", () => {
  beforeAll(() =>
    build({
      entryPoints: [fileURLToPath(new URL("nodeGpu.mjs", import.meta.url))],
      ...{ outfile: SCRIPT, bundle: true, platform: "node", format: "esm", logLevel: "error" },
      external: ["gpu.js", "webgpu"],
      plugins: [fromSource],
    }),
  );

  test.skipIf(absent)(
    `trains along PyTorch's loss curve, makes nothing in a repeated step, and lets Node end${reason}`,
    () => {
      const driver = {
        VK_DRIVER_FILES: join(rasteriser as string, "vk_swiftshader_icd.json"),
        LD_LIBRARY_PATH: rasteriser as string,
      };
      const { stdout, stderr, status } = runScript(driver, SCRIPT, "26");
      expect(stderr).toBe("");
      expect(status).toBe(0);
      const [{ backend }, ...steps] = stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(backend).toMatch(/webgpu on .*swiftshader/i);
      for (const [i, expected] of pytorchLosses.entries())
        expect(Math.abs(steps[i].loss - expected), `loss of step ${i}`).toBeLessThan(1e-3);
      // The loss is read by way of a buffer of its own.
      expect(steps.at(-1)).toMatchObject({ createBindGroup: 0, createBuffer: 1 });
    },
    250_000,
  );

  test("says that there is no GPU", () => {
    const { stderr, status } = runScript({ VK_DRIVER_FILES: "/none" }, SCRIPT, "1");
    expect(stderr).toContain("createEngine: webgpu cannot start here: Dawn finds no GPU");
    expect(status).toBe(1);
  });

  test("says that the package is too old", async () => {
    const folder = new URL("old/", pathToFileURL(SCRIPT));
    const old = new URL("node_modules/webgpu/", folder);
    await mkdir(old, { recursive: true });
    await writeFile(new URL("package.json", old), JSON.stringify({ version: "0.2.9" }));
    await copyFile(SCRIPT, new URL("script.mjs", folder));
    const { stderr, status } = runScript({}, fileURLToPath(new URL("script.mjs", folder)), "1");
    expect(stderr).toContain("0.6 or newer; run `npm i webgpu` (found 0.2.9)");
    expect(status).toBe(1);
  });

  test("says which package is missing", () => {
    const { stderr, status } = runScript({}, "--import", WITHOUT_PACKAGE, SCRIPT, "1");
    expect(stderr).toContain(
      "createEngine: webgpu cannot start here: in Node it needs the package webgpu (Dawn), " +
        "0.6 or newer; run `npm i webgpu` (Cannot find package webgpu)",
    );
    expect(status).toBe(1);
  });
});
