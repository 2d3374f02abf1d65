import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, engineOf } from "../../src/engines/engine.ts";
import { work } from "../../src/engines/gpu/driver.ts";
import { full, tensor } from "../../src/tensor/apply.ts";
import * as ops from "../../src/tensor/ops.ts";
import { fusesAsReference } from "../engines/fusing.ts";
import { trainsFlat } from "../engines/training.ts";
import { warmsUp } from "../engines/warm.ts";
import { agreesOnWide, COMPILING, sumsManyTerms, wideOperations } from "../engines/wide.ts";
import { agreesWithReference } from "../laws/agreement.ts";
import { refusesLostGpu } from "./lost.ts";
import { openBrowser, type RemoteBrowser } from "./remote.ts";

describe("the GPU.js engine on WebGPU in Chromium", () => {
  let browser: RemoteBrowser;
  let engine: Engine;
  const start = async (): Promise<Engine> =>
    engineOf(await browser.device("webgpu"), "it was asked for");
  beforeAll(async () => {
    browser = await openBrowser();
    engine = await start();
  });
  afterAll(() => browser?.close());

  agreesWithReference(() => start(), { runs: 4, cases: 5, exact: 3e-6, summed: 5e-6 });

  test("names the adapter", () => {
    expect(engine.description).toMatch(/^webgpu on .*swiftshader/i);
  });

  test.each(wideOperations)(
    "computes %s of whole groups of four",
    (operation) => agreesOnWide(engine, operation),
    COMPILING,
  );

  test(
    "computes as kernels for a hardware GPU do",
    async () => {
      const device = await browser.device("webgpu", work(false));
      const hardware = engineOf(device, "it was asked for");
      for (const operation of ["matmul", "sum", "rmsNorm"]) await agreesOnWide(hardware, operation);
      await hardware.close();
    },
    COMPILING,
  );

  test("compiles before the first run and shows its kernels", () => warmsUp(engine, /@compute/));

  test("computes elementwise steps together as it computes them apart", () =>
    fusesAsReference(engine, 6));

  test("sums more terms than GPU.js lets a loop of unknown length have", () =>
    sumsManyTerms(engine, [5000]));

  test("refuses a tensor that floats cannot index", async () => {
    const tall = () => ops.broadcastTo(full([1, 1], 1), [2 ** 12, 2 ** 13]);
    await expect(engine.run(() => ops.sum(tall()))).rejects.toThrow(
      "broadcast [4096, 8192]: webgpu: expected a tensor of at most 16777216 elements, got 33554432",
    );
  });

  test("makes no new buffer in 1,000 training steps", () => trainsFlat(engine, 1000));

  test("says so when the device is lost, and starts anew", async () => {
    await refusesLostGpu(browser, "webgpu", /^webgpu: the GPU device was lost .* new engine/);
    const fresh = await start();
    expect((await fresh.run(() => ops.exp(tensor([0])))).data[0]).toBe(1);
  });
});
