import { expectKnown, expectOneOf } from "../tensor/options.ts";
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

/** How products of matrices keep their factors. */
export type MatmulPrecision = "float32" | "float16";

const PRECISIONS: readonly MatmulPrecision[] = ["float32", "float16"];

/** Which engine `createEngine` opens; the fastest that there is by default. */
export interface EngineOptions {
  readonly backend?: Backend;
  /** Threads of the wasm engine; every core by default. Results do not depend on it. */
  readonly threads?: number;
  /**
   * How products of matrices on `webgpu` keep their factors, `float32` by default. `float16`, where the
   * GPU has `shader-f16`: products of more than eight rows round them, each number to within 2⁻¹¹ of
   * itself, and add up in float32. It halves the memory that their workgroups take. Weights in bf16 and
   * q8_0 are not rounded, for bf16 reaches further than f16. Numbers beyond ±65504 are lost, and below
   * 2⁻²⁴ become 0, as gradients may be: it is for reading prompts and for evaluation. A product of
   * random factors is off by 3 · 10⁻⁴ of itself as a vector, where float32 is off by 2 · 10⁻⁷.
   * Elsewhere, and on a GPU without it, it changes nothing; `engine.description` says where it does.
   */
  readonly matmulPrecision?: MatmulPrecision;
}

/**
 * Starts an engine. Close it, or declare it with `await using`.
 * @throws RangeError for an unknown backend, TypeError for an unknown option; Error when the
 *   backend asked for cannot start here: where the device lacks it, a page's Content-Security-Policy
 *   forbids it, or nothing answers for five minutes
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  expectKnown("createEngine", options, ["backend", "threads", "matmulPrecision"]);
  const { backend = "auto", matmulPrecision = "float32" } = options;
  if (!BACKENDS.includes(backend))
    throw new RangeError(`createEngine: expected one of ${BACKENDS.join(", ")}, got ${backend}`);
  expectOneOf("createEngine: matmulPrecision", matmulPrecision, PRECISIONS);
  if (backend !== "auto") return start(backend, options, "it was asked for");
  const { probeGpu } = await import("./gpu/probe.ts");
  const gpu = await within("createEngine: expected to hear of a GPU", probeGpu());
  if (gpu?.hardware) return start(gpu.mode, options, `a hardware GPU was found: ${gpu.renderer}`);
  const why = gpu ? `${gpu.renderer} is a software rasteriser` : "no GPU was found";
  return start("wasm", options, why);
}

async function start(
  backend: Exclude<Backend, "auto">,
  options: EngineOptions,
  reason: string,
): Promise<Engine> {
  const device = await within(
    `createEngine: expected ${backend} to start`,
    deviceOf(backend, options),
    (started) => started.close(),
  );
  return engineOf(device, reason);
}

async function deviceOf(
  backend: Exclude<Backend, "auto">,
  { threads, matmulPrecision }: EngineOptions,
): Promise<Device<unknown>> {
  if (backend === "reference")
    return (await import("./reference/device.ts")).createReferenceDevice() as Device<unknown>;
  if (backend === "wasm") {
    const { createWasmDevice } = await import("./wasm/device.ts");
    return (await createWasmDevice(threads === undefined ? {} : { threads })) as Device<unknown>;
  }
  const { createGpuDevice } = await import("./gpu/device.ts");
  return (await createGpuDevice(backend, {
    halves: matmulPrecision === "float16",
  })) as Device<unknown>;
}
