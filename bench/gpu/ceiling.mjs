// What a GPU can do at best, from WGSL: multiply-adds in registers, and copying.
import { globals } from "webgpu";

const WORKGROUP = 256;
/** Independent sums of a thread, in vectors of four. */
const SUMS = 4;
const TIMES = 4096;
/** A measurement takes at least so long, ms. */
const LONG = 2;
const COPY_BYTES = 256 << 20;
const SMALL_BYTES = 4 << 20;

const names = Array.from({ length: SUMS }, (_, i) => `s${i}`);
const FMA = `
@group(0) @binding(0) var<storage, read> source : array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> to : array<vec4<f32>>;
@compute @workgroup_size(${WORKGROUP}) fn main(@builtin(global_invocation_id) id : vec3<u32>) {
  let x = source[id.x & 1023u];
  ${names.map((s, i) => `var ${s} = x + ${i + 1}.0;`).join(" ")}
  for (var i = 0u; i < ${TIMES}u; i++) { ${names.map((s) => `${s} = fma(${s}, x, x);`).join(" ")} }
  to[id.x & 1023u] = ${names.join(" + ")};
}`;
const COPY = `
@group(0) @binding(0) var<storage, read> source : array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> to : array<vec4<f32>>;
@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) id : vec3<u32>, @builtin(num_workgroups) n : vec3<u32>) {
  let i = id.x + id.y * n.x * ${WORKGROUP}u;
  if (i < arrayLength(&to)) { to[i] = source[i] + 1.0; }
}`;

/** @returns gflops; gbs, read and written, of large copies and of such as fit a cache; launchUs of an empty one */
export async function measureGpuCeiling({ device, timed }) {
  const gpu = device();
  const tiny = await run(gpu, timed, FMA.replace(`${TIMES}u`, "0u"), 1 << 14, [1, 1]);
  let groups = 4;
  let fma = 0;
  while (fma < LONG && groups < 32768) {
    groups *= 2;
    fma = await run(gpu, timed, FMA, 1 << 14, [groups, 1]);
  }
  const copy = async (bytes) => {
    const groups = bytes / 16 / WORKGROUP;
    const y = Math.ceil(groups / 65535);
    return (2 * bytes) / (await run(gpu, timed, COPY, bytes, [Math.ceil(groups / y), y])) / 1e6;
  };
  return {
    gflops: (2 * 4 * SUMS * TIMES * WORKGROUP * groups) / fma / 1e6,
    gbs: { large: await copy(COPY_BYTES), small: await copy(SMALL_BYTES) },
    launchUs: 1000 * tiny,
  };
}

/** ms of the fastest of several launches of a shader from one buffer into another. */
async function run(gpu, timed, code, bytes, [x, y]) {
  const make = () => gpu.createBuffer({ size: bytes, usage: globals.GPUBufferUsage.STORAGE });
  const buffers = [make(), make()];
  const pipeline = await gpu.createComputePipelineAsync({
    layout: "auto",
    compute: { module: gpu.createShaderModule({ code }) },
  });
  const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
  const group = gpu.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  const times = await timed(async () => {
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let i = 0; i < 10; i++) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(x, y);
    }
    pass.end();
    gpu.queue.submit([encoder.finish()]);
  });
  for (const buffer of buffers) buffer.destroy();
  return Math.min(...times);
}

export const describeGpuCeiling = ({ gflops, gbs, launchUs }) =>
  `ceiling: ${Math.round(gflops)} GFLOP/s (fused multiply-add, vectors of four); copy, read + written: ${Math.round(gbs.small)} GB/s in ${SMALL_BYTES >> 20} MiB, ${Math.round(gbs.large)} GB/s in ${COPY_BYTES >> 20} MiB; an empty launch ${launchUs.toFixed(1)} µs`;
