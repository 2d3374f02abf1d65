import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { MemoryUse } from "../../src/engines/device.ts";
import { launchChromium, onGpu, openPage } from "./chromium.ts";
import { pytorchLosses } from "./peerData.ts";
import { absent } from "./rasteriser.ts";

/** What peer.mjs puts on `window`. */
declare const anchorgrad: {
  start(device: string): Promise<void>;
  step(): Promise<{ loss: number; memory: MemoryUse }>;
};

/** node.spec.ts follows WebGPU's curve to its end, with the same shaders on the same software GPU. */
const lossesOf = (mode: string): readonly number[] =>
  mode === "webgpu" && !onGpu && !absent ? pytorchLosses.slice(0, 8) : pytorchLosses;

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser?.close());

test.each(["webgl2", "webgpu"])(
  "%s trains the peers' GPT along PyTorch's loss curve, with no new memory",
  async (mode) => {
    await using tab = await openPage(new URL("peer.mjs", import.meta.url), { browser });
    await tab.page.evaluate((device) => anchorgrad.start(device), mode);
    const memory: MemoryUse[] = [];
    for (const [step, expected] of lossesOf(mode).entries()) {
      const result = await tab.page.evaluate(() => anchorgrad.step());
      expect(Math.abs(result.loss - expected), `loss of step ${step}`).toBeLessThan(1e-3);
      memory.push(result.memory);
    }
    for (const later of memory.slice(2)) expect(later).toEqual(memory[1]);
  },
);
