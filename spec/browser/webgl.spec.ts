import { afterAll, beforeAll, describe } from "vitest";
import { engineOf } from "../../src/engines/engine.ts";
import { agreesWithReference } from "../laws/agreement.ts";
import { keepsStorage } from "../laws/storage.ts";
import { openBrowser, type RemoteBrowser } from "./remote.ts";

describe("the GPU.js engine on WebGL 1 in Chromium", () => {
  let browser: RemoteBrowser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());

  agreesWithReference(async () => engineOf(await browser.device("webgl"), "it was asked for"), {
    runs: 1,
    cases: 5,
    exact: 3e-6,
    summed: 5e-6,
  });

  describe("numbers in storage types", () => {
    keepsStorage(async () => engineOf(await browser.device("webgl"), "it was asked for"), {
      flushes: true,
    });
  });
});
