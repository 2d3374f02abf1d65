// What one core of this machine can do at best, from WebAssembly: multiply-adds in registers, and
// copying. Measured in slices of a few milliseconds, of which the best counts: other work on the
// machine can only make a slice slower.
import asc from "assemblyscript/asc";
import { allowRelaxedSimd } from "../dist/src/engines/wasm/machine/host.js";

/** Enough independent sums to hide the latency of a multiply-add, few enough for the registers. */
const SUMS = 12;
const names = Array.from({ length: SUMS }, (_, i) => `s${i}`);
/** @param madd a multiply-add of vectors x, y onto a sum */
const source = (madd) => `
export function multiplyAdd(times: i32): f32 {
  const x = f32x4.splat(0.001), y = f32x4.splat(0.001);
  ${names.map((s, i) => `let ${s} = f32x4.splat(${i + 1});`).join(" ")}
  for (let i = 0; i < times; i++) { ${names.map((s) => `${s} = ${madd(s)};`).join(" ")} }
  return f32x4.extract_lane(${names.reduce((sum, s) => `f32x4.add(${sum}, ${s})`)}, 0);
}
export function copy(to: usize, from: usize, bytes: usize): void {
  for (const end = from + bytes; from < end; from += 64, to += 64) {
    const a = v128.load(from), b = v128.load(from, 16), c = v128.load(from, 32), d = v128.load(from, 48);
    v128.store(to, a); v128.store(to, b, 16); v128.store(to, c, 32); v128.store(to, d, 48);
  }
}`;
const FUSED = (sum) => `f32x4.relaxed_madd(x, y, ${sum})`;
const APART = (sum) => `f32x4.add(f32x4.mul(x, y), ${sum})`;

const LARGEST = 64 << 20;

async function compile() {
  allowRelaxedSimd();
  const build = async (madd) => {
    const options = { optimizeLevel: 3, enable: ["simd", "relaxed-simd"], runtime: "stub" };
    const memory = { importMemory: true, initialMemory: 2 + (2 * LARGEST) / 65536 };
    const { error, binary, stderr } = await asc.compileString(source(madd), {
      ...options,
      ...memory,
    });
    if (error) throw new Error(`ceiling: ${stderr.toString()}`, { cause: error });
    return binary;
  };
  const fused = await build(FUSED);
  const binary = WebAssembly.validate(fused) ? fused : await build(APART);
  const memory = new WebAssembly.Memory({ initial: 2 + (2 * LARGEST) / 65536 });
  const { instance } = await WebAssembly.instantiate(binary, { env: { memory, abort() {} } });
  return { kernels: instance.exports, fused: binary === fused };
}

/** Calls for each ms of the fastest of `slices` runs of `calls` calls. */
function fastest(work, calls, slices) {
  let best = 0;
  for (let slice = 0; slice < slices; slice++) {
    const start = performance.now();
    for (let i = 0; i < calls; i++) work();
    best = Math.max(best, calls / (performance.now() - start));
  }
  return best;
}

const KIB = [16, 64, 256, 1024, 4096, 16384, 65536];

/**
 * @returns gflops of one core; gbs, read and written, of copies by what they touch, bytes; and
 *   gbsFor(bytes), that of the smallest copy that touches at least as much
 */
export async function measureCeiling() {
  const { kernels, fused } = await compile();
  const TIMES = 200_000;
  fastest(() => kernels.multiplyAdd(TIMES), 20, 2); // until the optimising compiler is done
  const flop = 2 * 4 * SUMS * TIMES;
  const gflops = (flop * fastest(() => kernels.multiplyAdd(TIMES), 4, 60)) / 1e6;
  const gbs = KIB.map((kib) => {
    const half = kib * 512;
    const calls = Math.max(1, Math.round(4096 / kib) * 16);
    const rate = fastest(() => kernels.copy(1024 + half, 1024, half), calls, kib > 4096 ? 8 : 30);
    return { bytes: kib * 1024, gbs: (2 * half * rate) / 1e6 };
  });
  const gbsFor = (bytes) => (gbs.find((row) => row.bytes >= bytes) ?? gbs.at(-1)).gbs;
  return { gflops, fused, gbs, gbsFor };
}

export function describeCeiling({ gflops, fused, gbs }) {
  const at = (kib) => gbs.find(({ bytes }) => bytes === kib * 1024).gbs.toFixed(0);
  const kind = fused ? "fused multiply-add" : "multiply and add";
  return `ceiling of one core: ${gflops.toFixed(1)} GFLOP/s (${kind}, 128-bit); copy, read + written: ${at(64)} GB/s in 64 KiB, ${at(1024)} in 1 MiB, ${at(65536)} in 64 MiB`;
}
