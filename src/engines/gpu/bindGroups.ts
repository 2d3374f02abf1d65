import type { BindGroup, BindGroupLayout, RawBuffer, WebGpuDevice } from "./webgpuTypes.ts";

/** A tensor's memory. */
export interface Storage {
  /** Of no other, ever. */
  readonly id: number;
  readonly buffer: RawBuffer;
  /** Bytes. */
  readonly size: number;
}

/** How many are kept for a kernel; then the oldest go. */
const MOST = 512;

/**
 * Makes the bind groups of a kernel and keeps them: making one takes longer than all else of a launch,
 * and a step that is repeated wants the same again.
 */
export function bindGroups(
  device: WebGpuDevice,
  layout: BindGroupLayout,
): (operands: readonly Storage[]) => BindGroup {
  const kept = new Map<string, BindGroup>();
  return (operands) => {
    const key = operands.map(({ id }) => id).join();
    const known = kept.get(key);
    if (known) return known;
    const entries = operands.map(({ buffer }, binding) => ({ binding, resource: { buffer } }));
    const group = device.createBindGroup({ layout, entries });
    kept.set(key, group);
    const [oldest] = kept.keys();
    if (kept.size > MOST && oldest !== undefined) kept.delete(oldest);
    return group;
  };
}
