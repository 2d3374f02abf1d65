import type { Browser, Page } from "playwright-core";
import type { DeviceTraits } from "../../kernels/gpu/kernel.ts";
import type { Plan } from "../../src/compile/plan.ts";
import { planStats } from "../../src/compile/statistics.ts";
import type { Device, Executable, MemoryUse, OnProgress } from "../../src/engines/device.ts";
import type { GpuMode } from "../../src/engines/gpu/gpujs/gpujs.ts";
import { optional } from "../../src/tensor/definitions.ts";
import type { TypedArray } from "../../src/tensor/tensor.ts";
import { openPage } from "./chromium.ts";
import type { Answer, Command, PageApi } from "./protocol.ts";

/** A browser whose GPU devices tests in Node can use. */
export interface RemoteBrowser extends AsyncDisposable {
  /** Starts GPU.js in the page; every method of the device is carried out there. */
  device(mode: GpuMode, traits?: Partial<DeviceTraits>): Promise<Device<number>>;
  loseContexts(): Promise<void>;
  lostAt: PageApi["lostAt"];
  train: PageApi["train"];
  probe: PageApi["probe"];
  close(): Promise<void>;
}

declare const anchorgrad: PageApi;

/**
 * @param browser whose page it is to be; of a fresh one by default
 * @throws Error where there is no Chromium
 */
export async function openBrowser(browser?: Browser): Promise<RemoteBrowser> {
  const options = browser ? { browser } : {};
  const { page, close } = await openPage(new URL("page.ts", import.meta.url), options);
  return {
    device: (mode, traits = {}) => remoteDevice(page, mode, traits),
    loseContexts: () => page.evaluate(() => anchorgrad.loseContexts()),
    train: (mode, steps) =>
      page.evaluate(([m, n]) => anchorgrad.train(m, n), [mode, steps] as const),
    lostAt: (mode, call) =>
      page.evaluate(([m, n]) => anchorgrad.lostAt(m, n), [mode, call] as const),
    probe: () => page.evaluate(() => anchorgrad.probe()),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function remoteDevice(
  page: Page,
  mode: GpuMode,
  traits: Partial<DeviceTraits>,
): Promise<Device<number>> {
  const { device, description, numerics, widening } = await page.evaluate(
    ([m, t]) => anchorgrad.open(m, t),
    [mode, traits] as const,
  );
  // What needs no answer waits for what does: a trip to the page costs a millisecond.
  const waiting: Command[] = [];
  let ids = 0;
  let last: Answer = { memory: { bytes: 0, buffers: 0, peakBytes: 0 }, stats: [] };

  async function send(command: Command): Promise<Answer> {
    const commands = [...waiting.splice(0), command];
    last = await page.evaluate(([id, all]) => anchorgrad.send(id, all), [
      device,
      commands,
    ] as const);
    return last;
  }

  async function prepare(plan: Plan, onProgress?: OnProgress): Promise<Executable<number>> {
    const program = ids++;
    const { prepared } = await send({ do: "prepare", program, plan });
    for (const told of prepared?.progress ?? []) onProgress?.(...told);
    return {
      async run(inputs) {
        const outputs = plan.outputs.map(() => ids++);
        await send({ do: "run", program, inputs, outputs });
        return outputs;
      },
      stats: () => (last.stats.find(([id]) => id === program) as (typeof last.stats)[number])[1],
      sources: () => prepared?.sources ?? [],
      dispose: () => {
        waiting.push({ do: "dispose", program });
      },
    };
  }

  return {
    backend: mode,
    lacking: optional,
    readsWait: true,
    ...{ description, numerics, ...(widening ? { widening } : {}) },
    prepare,
    peakBytes: (plan) => planStats(plan).peakBytes,
    upload(data, shape, dtype) {
      const buffer = ids++;
      waiting.push({ do: "upload", buffer, data, shape, dtype });
      return buffer;
    },
    allocate(shape, dtype) {
      const buffer = ids++;
      waiting.push({ do: "allocate", buffer, shape, dtype });
      return buffer;
    },
    write(buffer, from, data, dtype) {
      waiting.push({ do: "write", buffer, from, data: data.slice(), dtype });
    },
    async written() {
      await send({ do: "written" });
    },
    async read(buffer, shape, dtype, span) {
      const command = { do: "read", buffer, shape, dtype, ...(span && { span }) } as const;
      return (await send(command)).data as TypedArray;
    },
    copy(from) {
      const buffer = ids++;
      waiting.push({ do: "copy", from, buffer });
      return buffer;
    },
    free(buffer) {
      waiting.push({ do: "free", buffer });
    },
    memory: (): MemoryUse => last.memory,
    close: () => page.evaluate((id) => anchorgrad.close(id), device),
  };
}
