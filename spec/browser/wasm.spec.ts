import type { Browser } from "playwright-core";
import { expect, test } from "vitest";
import { info, make } from "../../bench/peers/own.mjs";
import { launchChromium, openPage } from "./chromium.ts";
import { batch, config, pytorchLosses, weights } from "./peerData.ts";

/** What peer.mjs puts on `window`. */
declare const anchorgrad: {
  start(device: string, threads: number): Promise<string>;
  step(): Promise<{ loss: number }>;
};

async function trainInNode(threads: number): Promise<{ losses: number[]; backend: string }> {
  const model = await make(config, weights(), batch(), { threads });
  const losses: number[] = [];
  for (const _ of pytorchLosses) losses.push(await model.step());
  return { losses, backend: info.backend };
}

async function trainInChromium(browser: Browser, isolated: boolean) {
  const options = { browser, isolated };
  await using tab = await openPage(new URL("peer.mjs", import.meta.url), options);
  const backend = await tab.page.evaluate(() => anchorgrad.start("wasm", 2));
  const losses: number[] = [];
  for (const _ of pytorchLosses)
    losses.push((await tab.page.evaluate(() => anchorgrad.step())).loss);
  return { losses, backend };
}

test("wasm trains the peers' GPT along PyTorch's loss curve, on any number of threads", async () => {
  const { losses } = await trainInNode(1);
  for (const [step, expected] of pytorchLosses.entries())
    expect(Math.abs((losses[step] as number) - expected), `step ${step}`).toBeLessThan(1e-4);
  for (const threads of [2, 3]) expect((await trainInNode(threads)).losses).toEqual(losses);
});

test("wasm gives the same bits in Chromium, with workers and without shared memory", async () => {
  const node = await trainInNode(2);
  await using browser = await launchChromium();
  const isolated = await trainInChromium(browser, true);
  expect(isolated.backend).toContain("2 threads");
  expect(isolated.losses).toEqual(node.losses);
  const alone = await trainInChromium(browser, false);
  expect(alone.backend).toContain("1 thread");
  expect(alone.losses).toEqual(node.losses);
});
