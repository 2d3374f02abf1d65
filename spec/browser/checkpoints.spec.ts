import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, engineOf } from "../../src/engines/engine.ts";
import { configOf, paramsFrom, transformer } from "../../src/nn/index.ts";
import { ids } from "../../src/tensor/apply.ts";
import { absent, apart, checkpoint, checkpoints, reason } from "../nn/huggingFace/checkpoints.ts";
import { launchChromium } from "./chromium.ts";
import { openBrowser, type RemoteBrowser } from "./remote.ts";

let chromium: Browser;
beforeAll(async () => {
  if (!absent) chromium = await launchChromium();
});
afterAll(() => chromium?.close());

describe.skipIf(absent).each(["webgpu", "webgl2"] as const)("on %s in Chromium", (mode) => {
  let browser: RemoteBrowser;
  let engine: Engine;
  beforeAll(async () => {
    browser = await openBrowser(chromium);
    engine = engineOf(await browser.device(mode), "it was asked for");
  });
  afterAll(() => browser?.close());

  test.each(checkpoints)("%s has the logits of transformers", async (name) => {
    const it = checkpoint(name);
    const config = configOf(it.json("config.json"), name);
    const { params, config: own } = await paramsFrom(config, await it.weights(), it.path);
    const model = transformer(own);
    // Weights as arguments: constants would be part of the program.
    const run = engine.compile((given: typeof params) =>
      model.apply(given, ids(it.reference.input_ids)),
    );
    const logits = await engine.read(await run(params));
    const wanted = await (await it.numbers()).read("logits64");
    expect(apart(logits, wanted.data)).toBeLessThan(5e-4);
  });
});

if (absent) test(`reference checkpoints on GPUs${reason}`, ({ skip }) => skip());
