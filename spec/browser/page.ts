import type { Device, Executable } from "../../src/engines/device.ts";
import { trainSmall } from "../engines/smallTraining.ts";
import type { Answer, Command, PageApi } from "./protocol.ts";

/** Contexts opened by this page, so that a test can make the browser lose them. */
const contexts: WebGL2RenderingContext[] = [];
const getContext = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, ...args: unknown[]) {
  const context = Reflect.apply(getContext, this, args);
  if (context instanceof WebGL2RenderingContext) contexts.push(context);
  return context;
} as typeof getContext;

/** WebGPU devices opened by this page; TypeScript's DOM library has no WebGPU yet. */
interface Destroyable {
  readonly lost: Promise<unknown>;
  destroy(): void;
}
const devices: Destroyable[] = [];
interface Adapter {
  requestDevice(...args: unknown[]): Promise<Destroyable>;
}
const { GPUAdapter } = globalThis as { GPUAdapter?: { prototype: Adapter } };
if (GPUAdapter) {
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    const device = await Reflect.apply(requestDevice, this, args);
    devices.push(device);
    return device;
  };
}

/** Loses a context right before so many-th call of it. @returns what counts them, and what takes that back */
function loseAt(
  gl: WebGL2RenderingContext | undefined,
  call: number,
): { readonly calls: () => number; readonly restore: () => void } {
  if (!gl) throw new Error("expected a context");
  const loss = gl.getExtension("WEBGL_lose_context");
  const methods = WebGL2RenderingContext.prototype as unknown as Record<string, unknown>;
  const own = gl as unknown as Record<string, unknown>;
  let calls = 0;
  for (const name of Object.getOwnPropertyNames(methods)) {
    const is = Object.getOwnPropertyDescriptor(methods, name);
    if (name === "constructor" || typeof is?.value !== "function") continue;
    // How often a fence is asked after depends on how fast the GPU is.
    if (name === "clientWaitSync") continue;
    const method: (...args: unknown[]) => unknown = is.value;
    own[name] = (...args: unknown[]) => {
      if (calls++ === call) loss?.loseContext();
      return Reflect.apply(method, gl, args);
    };
  }
  return {
    calls: () => calls,
    restore() {
      for (const name of Object.keys(own)) delete own[name];
    },
  };
}

interface Opened {
  readonly device: Device<unknown>;
  readonly buffers: Map<number, unknown>;
  readonly programs: Map<number, Executable<unknown>>;
}

const opened: Opened[] = [];

async function obey(
  { device, buffers, programs }: Opened,
  command: Command,
): Promise<Pick<Answer, "data" | "prepared">> {
  async function prepare({ program, plan }: Extract<Command, { do: "prepare" }>) {
    const progress: [number, number][] = [];
    const executable = await device.prepare(plan, (...told) => progress.push(told));
    programs.set(program, executable);
    return { progress, sources: executable.sources?.() ?? [] };
  }
  const program = (id: number) => programs.get(id) as Executable<unknown>;
  switch (command.do) {
    case "upload":
      buffers.set(command.buffer, device.upload(command.data, command.shape, command.dtype));
      return {};
    case "allocate":
      buffers.set(command.buffer, device.allocate(command.shape, command.dtype));
      return {};
    case "write":
      device.write(buffers.get(command.buffer), command.from, command.data, command.dtype);
      return {};
    case "written":
      await device.written();
      return {};
    case "copy":
      buffers.set(command.buffer, device.copy(buffers.get(command.from)));
      return {};
    case "free":
      device.free(buffers.get(command.buffer));
      buffers.delete(command.buffer);
      return {};
    case "prepare":
      return { prepared: await prepare(command) };
    case "run": {
      const inputs = command.inputs.map((id) => buffers.get(id));
      const outputs = await program(command.program).run(inputs);
      command.outputs.forEach((id, i) => {
        buffers.set(id, outputs[i]);
      });
      return {};
    }
    case "dispose":
      program(command.program).dispose();
      programs.delete(command.program);
      return {};
    case "read": {
      const { buffer, shape, dtype, span } = command;
      return { data: await device.read(buffers.get(buffer), shape, dtype, span) };
    }
  }
}

const api: PageApi = {
  async open(mode, traits) {
    const { createGpuDevice } = await import("../../src/engines/gpu/device.ts");
    const device = (await createGpuDevice(mode, traits)) as Device<unknown>;
    opened.push({ device, buffers: new Map(), programs: new Map() });
    const { description, numerics, widening } = device;
    return { device: opened.length - 1, description, numerics, widening };
  },
  async send(id, commands) {
    const here = opened[id] as Opened;
    let answer: Pick<Answer, "data" | "prepared"> = {};
    for (const command of commands) answer = { ...answer, ...(await obey(here, command)) };
    const stats = [...here.programs].map(([program, e]) => [program, e.stats()] as const);
    return { ...answer, memory: here.device.memory(), stats };
  },
  async close(id) {
    await opened[id]?.device.close();
  },
  async loseContexts() {
    for (const gl of contexts) gl.getExtension("WEBGL_lose_context")?.loseContext();
    for (const device of devices) device.destroy();
    await Promise.all(devices.map((device) => device.lost));
  },
  async train(mode, steps) {
    const { createGpuDevice } = await import("../../src/engines/gpu/device.ts");
    const { engineOf } = await import("../../src/engines/engine.ts");
    await using engine = engineOf(await createGpuDevice(mode), "it was asked for");
    return await trainSmall(engine, steps);
  },
  async lostAt(mode, call) {
    const { createGpuDevice } = await import("../../src/engines/gpu/device.ts");
    const { engineOf } = await import("../../src/engines/engine.ts");
    const engine = engineOf(await createGpuDevice(mode), "it was asked for");
    const { calls, restore } = loseAt(contexts.at(-1), call);
    try {
      await trainSmall(engine, 3);
      return { calls: calls() };
    } catch (error) {
      return { calls: calls(), error: (error as Error).message };
    } finally {
      restore();
      await engine.close().catch(() => {});
    }
  },
  async probe() {
    const { probeGpu } = await import("../../src/engines/gpu/probe.ts");
    return probeGpu();
  },
};

Object.assign(window, { anchorgrad: api });
