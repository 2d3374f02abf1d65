import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, engineOf } from "../../src/engines/engine.ts";
import { WORK } from "../../src/engines/gpu/driver.ts";
import { full, tensor } from "../../src/tensor/apply.ts";
import * as ops from "../../src/tensor/ops.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { turnsAnyAngle } from "../engines/angles.ts";
import { fillsInParts, keepsNothingOfFailures } from "../engines/fillsInParts.ts";
import { fusesAsReference } from "../engines/fusing.ts";
import { expectFlat } from "../engines/training.ts";
import { warmsUp } from "../engines/warm.ts";
import { agreesOnWide, sumsManyTerms, wideOperations } from "../engines/wide/laws.ts";
import { agreesWithReference } from "../laws/agreement.ts";
import { composesAsMeant } from "../laws/composed.ts";
import { agreesAtEdges } from "../laws/edges.ts";
import { keepsStorage } from "../laws/storage.ts";
import { onGpu } from "./chromium.ts";
import { refusesLostGpu } from "./lost.ts";
import { openBrowser, type RemoteBrowser } from "./remote.ts";

/** What the two GPUs of today differ in. */
export interface Gpu {
  readonly mode: "webgl2" | "webgpu";
  /** Of kernels as the GPU gets them. */
  readonly kernel: RegExp;
  /** Lengths beyond what GPU.js lets a loop have. */
  readonly long: readonly number[];
  /** What is said when it goes. */
  readonly lost: RegExp;
}

/**
 * Of five cases, each with shaders of its own, which a software GPU takes most of its time to compile. The bodies
 * of kernels are those that spec/engines/gpu tries on forty cases and on each of two back ends: a browser adds
 * how they are translated, and lanes, which `wideOperations` are for. Where other cases are drawn, more are.
 */
const RUNS = process.env["PROPERTY_SEED"] === undefined ? 2 : 4;

/** A browser's GPU, from the first test to the last. */
export interface Opened {
  readonly browser: RemoteBrowser;
  readonly engine: Engine;
  /** Declares the last test: no other may come after it, for the engine is lost. */
  saysWhenLost(): void;
}

/** Declares what every GPU of a browser keeps to. */
export function behavesOnGpu({ mode, kernel, long, lost }: Gpu): Opened {
  let browser: RemoteBrowser;
  let engine: Engine;
  const start = async (): Promise<Engine> =>
    engineOf(await browser.device(mode), "it was asked for");
  beforeAll(async () => {
    browser = await openBrowser();
    engine = await start();
  });
  afterAll(() => browser?.close());

  agreesWithReference(() => start(), { runs: RUNS, cases: 5, exact: 3e-6, summed: 5e-6 });

  describe("at the edges", () => {
    agreesAtEdges(() => start(), { runs: 1, cases: 4 });
  });

  composesAsMeant(() => start(), { runs: 1, tolerance: 1e-5 });

  describe("numbers in storage types", () => {
    keepsStorage(() => start(), { flushes: onGpu });
  });

  test("turns by any angle", () => turnsAnyAngle(engine, 4));

  test.each(wideOperations)("computes %s of whole groups of four", (operation) =>
    agreesOnWide(engine, operation),
  );

  test("computes as kernels for a hardware GPU do", async () => {
    const computes = mode === "webgpu";
    const device = await browser.device(mode, WORK[computes ? "compute" : "fragments"]);
    const hardware = engineOf(device, "it was asked for");
    await agreesOnWide(hardware, "sum");
    await agreesOnWide(hardware, "rmsNorm");
    // Every shape of a product, the four ways of transposing it in turn.
    await agreesOnWide(hardware, "matmul", 3);
    const product = hardware.compile((a: Tensor) => ops.matmul(a, a));
    await product.prepare(full([64, 64], 1));
    expect(/var<workgroup>/.test(String(product.sources()[0]?.compiled))).toBe(computes);
    await hardware.close();
  });

  test("fills tensors in parts", async () => {
    await fillsInParts(engine, 20);
    await keepsNothingOfFailures(engine);
  });

  test("compiles before the first run and shows its kernels", () => warmsUp(engine, kernel));

  test("computes elementwise steps together as it computes them apart", () =>
    fusesAsReference(engine, 6));

  test("sums more terms than GPU.js lets a loop of unknown length have", () =>
    sumsManyTerms(engine, [...long]));

  test("makes no new memory in 1,000 training steps", async () =>
    expectFlat(await browser.train(mode, 1000)));

  return {
    get browser() {
      return browser;
    },
    get engine() {
      return engine;
    },
    saysWhenLost: () =>
      test("says so when it is lost, and starts anew", async () => {
        await refusesLostGpu(browser, mode, lost);
        const fresh = await start();
        expect((await fresh.run(() => ops.exp(tensor([0])))).data[0]).toBe(1);
      }),
  };
}
