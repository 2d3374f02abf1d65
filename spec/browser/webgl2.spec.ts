import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, engineOf } from "../../src/engines/engine.ts";
import { work } from "../../src/engines/gpu/driver.ts";
import { tensor } from "../../src/tensor/apply.ts";
import * as ops from "../../src/tensor/ops.ts";
import { fusesAsReference } from "../engines/fusing.ts";
import { trainsFlat } from "../engines/training.ts";
import { warmsUp } from "../engines/warm.ts";
import { agreesOnWide, COMPILING, sumsManyTerms, wideOperations } from "../engines/wide.ts";
import { agreesWithReference } from "../laws/agreement.ts";
import { refusesLostGpu } from "./lost.ts";
import { openBrowser, type RemoteBrowser } from "./remote.ts";

describe("the GPU.js engine on WebGL 2 in Chromium", () => {
  let browser: RemoteBrowser;
  let engine: Engine;
  const start = async (): Promise<Engine> =>
    engineOf(await browser.device("webgl2"), "it was asked for");
  beforeAll(async () => {
    browser = await openBrowser();
    engine = await start();
  });
  afterAll(() => browser?.close());

  agreesWithReference(() => start(), { runs: 4, cases: 5, exact: 3e-6, summed: 5e-6 });

  test("names the renderer, which is no hardware here", async () => {
    expect(engine.description).toMatch(/^webgl2 on .*SwiftShader/);
    expect(await browser.probe()).toMatchObject({ mode: "webgl2", hardware: false });
  });

  test.each(wideOperations)(
    "computes %s of whole groups of four",
    (operation) => agreesOnWide(engine, operation),
    COMPILING,
  );

  test(
    "computes as kernels for a hardware GPU do",
    async () => {
      const device = await browser.device("webgl2", work(false));
      const hardware = engineOf(device, "it was asked for");
      for (const operation of ["matmul", "sum", "rmsNorm"]) await agreesOnWide(hardware, operation);
      await hardware.close();
    },
    COMPILING,
  );

  test("compiles before the first run and shows its kernels", () =>
    warmsUp(engine, /^#version 300 es/));

  test("computes elementwise steps together as it computes them apart", () =>
    fusesAsReference(engine, 6));

  test("sums more terms than GPU.js lets a loop of unknown length have", () =>
    sumsManyTerms(engine, [5000, 5001]));

  test("refuses a tensor larger than a texture", async () => {
    // Nothing of that size is ever made: the plan's kernels are refused first.
    const tall = () => ops.broadcastTo(ops.reshape(tensor([1]), [1, 1]), [2 ** 15, 2 ** 15]);
    await expect(engine.run(() => ops.sum(tall()))).rejects.toThrow(
      /^page.evaluate: RangeError: broadcast \[32768, 32768\]: webgl2: expected a tensor of at most \d+ elements \(textures of \d+ × \d+\), got 1073741824/,
    );
  });

  test("makes no new texture in 1,000 training steps", () => trainsFlat(engine, 1000));

  test("says so when the context is lost, and starts anew", async () => {
    await refusesLostGpu(browser, "webgl2", /^webgl2: the GPU's context was lost .* new engine/);
    const fresh = await start();
    expect((await fresh.run(() => ops.exp(tensor([0])))).data[0]).toBe(1);
  });
});
