import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { pytorchLosses } from "./peerData.ts";
import { absent, bundleScript, driver, reason, runNode } from "./rasteriser.ts";

let script: string;

/** Refuses to find the package `webgpu`. */
const WITHOUT_PACKAGE = `data:text/javascript,${encodeURIComponent(
  `import { register } from "node:module"; register(${JSON.stringify(
    `data:text/javascript,${encodeURIComponent(
      'export const resolve = (name, context, next) => { if (name === "webgpu") throw new Error("Cannot find package webgpu"); return next(name, context); }',
    )}`,
  )});`,
)}`;

describe("WebGPU in Node", () => {
  beforeAll(async () => {
    script = await bundleScript("nodeGpu.mjs");
  });

  test.skipIf(absent)(
    `trains along PyTorch's loss curve, makes nothing in a repeated step, and lets Node end${reason}`,
    () => {
      // Two steps more than the curve has: by then no buffers meet that have not met before.
      const { stdout, stderr, status } = runNode(driver, script, `${pytorchLosses.length + 2}`);
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
  );

  test("says that there is no GPU", () => {
    const { stderr, status } = runNode({ VK_DRIVER_FILES: "/none" }, script, "1");
    expect(stderr).toContain("createEngine: webgpu cannot start here: Dawn finds no GPU");
    expect(status).toBe(1);
  });

  test("says that the package is too old", async () => {
    const folder = new URL("old/", pathToFileURL(script));
    const old = new URL("node_modules/webgpu/", folder);
    await mkdir(old, { recursive: true });
    await writeFile(new URL("package.json", old), JSON.stringify({ version: "0.2.9" }));
    await copyFile(script, new URL("script.mjs", folder));
    const { stderr, status } = runNode({}, fileURLToPath(new URL("script.mjs", folder)), "1");
    expect(stderr).toContain("0.6 or newer; run `npm i webgpu` (found 0.2.9)");
    expect(status).toBe(1);
  });

  test("says which package is missing", () => {
    const { stderr, status } = runNode({}, "--import", WITHOUT_PACKAGE, script, "1");
    expect(stderr).toContain(
      "createEngine: webgpu cannot start here: in Node it needs the package webgpu (Dawn), " +
        "0.6 or newer; run `npm i webgpu` (Cannot find package webgpu)",
    );
    expect(status).toBe(1);
  });
});
