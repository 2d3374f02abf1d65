import { expectKnown } from "../tensor/options.ts";
import type { Device } from "./device.ts";
import { type Engine, engineOf } from "./engine.ts";
import { within } from "./within.ts";

/** Every name that `createEngine` knows. */
export const BACKENDS = [
  "auto",
  "reference",
  "wasm",
  "webgpu",
  "webgl2",
  "webgl",
  "headlessgl",
  "webasm",
  "cpu",
] as const;

/** Where programs can run. `auto` takes a hardware GPU if there is one, else `wasm`. */
export type Backend = (typeof BACKENDS)[number];

/** Which engine `createEngine` opens; the fastest that there is by default. */
export interface EngineOptions {
  readonly backend?: Backend;
  /** Threads of the wasm engine; every core by default. Results do not depend on it. */
  readonly threads?: number;
}

/**
 * Starts an engine. Close it, or declare it with `await using`.
 * @throws RangeError for an unknown backend, TypeError for an unknown option; Error when the
 *   backend asked for cannot start here: where the device lacks it, a page's Content-Security-Policy forbids it, or
 *   nothing answers for five minutes
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  expectKnown("createEngine", options, ["backend", "threads"]);
  const { backend = "auto", threads } = options;
  if (!BACKENDS.includes(backend))
    throw new RangeError(`createEngine: expected one of ${BACKENDS.join(", ")}, got ${backend}`);
  if (backend !== "auto") return start(backend, threads, "it was asked for");
  const { probeGpu } = await import("./gpu/probe.ts");
  const gpu = await within("createEngine: expected to hear of a GPU", probeGpu());
  if (gpu?.hardware) return start(gpu.mode, threads, `a hardware GPU was found: ${gpu.renderer}`);
  const why = gpu ? `${gpu.renderer} is a software rasteriser` : "no GPU was found";
  return start("wasm", threads, why);
}

async function start(
  backend: Exclude<Backend, "auto">,
  threads: number | undefined,
  reason: string,
): Promise<Engine> {
  const device = await within(
    `createEngine: expected ${backend} to start`,
    deviceOf(backend, threads),
    (started) => started.close(),
  );
  return engineOf(device, reason);
}

async function deviceOf(
  backend: Exclude<Backend, "auto">,
  threads?: number,
): Promise<Device<unknown>> {
  if (backend === "reference")
    return (await import("./reference/device.ts")).createReferenceDevice() as Device<unknown>;
  if (backend === "wasm") {
    const { createWasmDevice } = await import("./wasm/device.ts");
    return (await createWasmDevice(threads === undefined ? {} : { threads })) as Device<unknown>;
  }
  const { createGpuDevice } = await import("./gpu/device.ts");
  return (await createGpuDevice(backend)) as Device<unknown>;
}
