// Dawn with a clock: what a kernel takes on the GPU itself, by its timestamps.
import { create, globals } from "webgpu";

/** Dawn rounds timestamps to 0.1 ms, for the sake of pages that must not spy on each other. */
const PRECISE = [
  "enable-dawn-features=allow_unsafe_apis",
  "disable-dawn-features=timestamp_quantization",
];
const MOST_LAUNCHES = 2048;
const { GPUBufferUsage: usage, GPUMapMode: mode } = globals;

/**
 * Puts such a WebGPU where engines started afterwards look for it.
 * @returns undefined where there is no GPU; else device(), the one that was opened last, and
 *   timed(run): ms of each launch, in order
 */
export async function provideTimedWebGpu() {
  const gpu = create(PRECISE);
  if (!(await gpu.requestAdapter())) return undefined;
  let device;
  let clock;

  async function requestAdapter() {
    const adapter = await gpu.requestAdapter();
    const request = adapter.requestDevice.bind(adapter);
    adapter.requestDevice = async (descriptor) => {
      const requiredFeatures = [...(descriptor?.requiredFeatures ?? []), "timestamp-query"];
      device = await request({ ...descriptor, requiredFeatures });
      const createEncoder = device.createCommandEncoder.bind(device);
      device.createCommandEncoder = () => {
        const encoder = createEncoder();
        const begin = encoder.beginComputePass.bind(encoder);
        encoder.beginComputePass = () => (clock ? clock.pass(begin) : begin());
        return encoder;
      };
      return device;
    };
    return adapter;
  }
  const { wgslLanguageFeatures } = gpu;
  const value = { gpu: { requestAdapter, wgslLanguageFeatures } };
  Object.defineProperty(globalThis, "navigator", { value, configurable: true });

  async function timed(run) {
    clock = startClock(device);
    try {
      await run();
      return await clock.read();
    } finally {
      clock = undefined;
    }
  }
  return { device: () => device, timed };
}

function startClock(device) {
  const count = 2 * MOST_LAUNCHES;
  const querySet = device.createQuerySet({ type: "timestamp", count });
  let launches = 0;

  /** A pass for each launch, since timestamps are taken where passes begin and end. */
  function pass(begin) {
    const set = {};
    return {
      setPipeline: (pipeline) => Object.assign(set, { pipeline }),
      setBindGroup: (_, group) => Object.assign(set, { group }),
      dispatchWorkgroups(...workgroups) {
        const [beginningOfPassWriteIndex, endOfPassWriteIndex] = [2 * launches, 2 * launches + 1];
        const timestampWrites = { querySet, beginningOfPassWriteIndex, endOfPassWriteIndex };
        launches += 1;
        const own = begin({ timestampWrites });
        own.setPipeline(set.pipeline);
        own.setBindGroup(0, set.group);
        own.dispatchWorkgroups(...workgroups);
        own.end();
      },
      end() {},
    };
  }

  async function read() {
    const size = 16 * launches;
    const resolved = device.createBuffer({ size, usage: usage.QUERY_RESOLVE | usage.COPY_SRC });
    const mapped = device.createBuffer({ size, usage: usage.MAP_READ | usage.COPY_DST });
    const encoder = device.createCommandEncoder();
    encoder.resolveQuerySet(querySet, 0, 2 * launches, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, mapped, 0, size);
    device.queue.submit([encoder.finish()]);
    await mapped.mapAsync(mode.READ);
    const stamps = new BigUint64Array(mapped.getMappedRange().slice(0));
    for (const resource of [resolved, mapped, querySet]) resource.destroy();
    return Array.from(
      { length: launches },
      (_, i) => Number(stamps[2 * i + 1] - stamps[2 * i]) / 1e6,
    );
  }
  return { pass, read };
}
