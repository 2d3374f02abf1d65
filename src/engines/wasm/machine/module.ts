import { fusesMultiplyAdd } from "./fusion.ts";
import { allowRelaxedSimd } from "./host.ts";
import { relaxedSimd, simd } from "./modules.generated.ts";

export interface KernelModule {
  readonly module: WebAssembly.Module;
  readonly relaxedSimd: boolean;
  /** Whether its multiply-adds are rounded once: as they are where the CPU can do that. */
  readonly fuses: boolean;
}

/** The kernels' functions, @see kernels/wasm/index.ts. */
export interface Kernels {
  /** Bytes of private memory that each thread needs. */
  readonly SCRATCH_BYTES: WebAssembly.Global;
  initialize(scratch: number): void;
  start(alone: boolean): void;
}

/**
 * Compiles the kernels, with fused multiply-add where the host has it.
 * @param shared whether the memory they import is shared
 * @throws Error where WebAssembly lacks SIMD
 */
export async function compileKernels(
  shared: boolean,
  wantRelaxedSimd: boolean,
): Promise<KernelModule> {
  const relaxed =
    wantRelaxedSimd && relaxedSimd !== undefined ? bytesOf(relaxedSimd, shared) : undefined;
  if (relaxed && !WebAssembly.validate(relaxed)) allowRelaxedSimd();
  const useRelaxed = relaxed !== undefined && WebAssembly.validate(relaxed);
  const bytes = useRelaxed ? relaxed : bytesOf(simd, shared);
  if (!WebAssembly.validate(bytes))
    throw new Error("wasm: expected WebAssembly with SIMD, got a host without it");
  return {
    module: await compile(bytes),
    relaxedSimd: useRelaxed,
    fuses: useRelaxed && (await fusesMultiplyAdd()),
  };
}

/** @throws Error where a page's policy forbids it */
async function compile(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    const why = (error as Error).message;
    throw new Error(
      "wasm: expected to compile WebAssembly, which a page's Content-Security-Policy must allow by " +
        `'wasm-unsafe-eval' in script-src, got ${why}`,
      { cause: error },
    );
  }
}

function bytesOf(hex: string, shared: boolean): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from({ length: hex.length / 2 }, (_, i) =>
    Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16),
  );
  if (!shared) unshare(bytes);
  return bytes;
}

const IMPORT_SECTION = 2;
const SHARED_AND_BOUNDED = 3;
const BOUNDED = 1;

/**
 * Makes the imported memory an ordinary one, for hosts without shared memory; atomic instructions
 * work on it all the same. The memory is imported as "memory" from "env".
 */
function unshare(bytes: Uint8Array): void {
  const name = [3, ...encode("env"), 6, ...encode("memory"), 2, SHARED_AND_BOUNDED];
  const at = bytes.findIndex(
    (byte, i) => byte === 3 && i > IMPORT_SECTION && name.every((b, j) => bytes[i + j] === b),
  );
  if (at < 0) throw new Error("wasm: expected kernels that import a shared memory");
  bytes[at + name.length - 1] = BOUNDED;
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
