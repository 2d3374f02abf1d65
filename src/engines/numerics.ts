import { DataError } from "../tensor/errors.ts";
import type { Device } from "./device.ts";

/**
 * Grows whenever a study comes to other numbers than before on the same engine and CPU, were it in
 * their last bits: caches, queues and keys of results carry it. A spec fails where it was forgotten.
 */
export const NUMERICS_VERSION = 1;

/** What the bits of a result depend on beside recipe and seed: results of equal numerics are equal. */
export interface Numerics {
  /** Of the engine on this machine: `wasm-fma`, `wasm-plain`, `reference`, `cpu`, `webgpu-…`. */
  readonly class: string;
  readonly version: number;
}

/** What an engine computes with. */
export const numericsOf = ({ numerics }: Pick<Device<unknown>, "numerics">): Numerics => ({
  class: numerics,
  version: NUMERICS_VERSION,
});

/** In names of caches, keys and queues: `wasm-fma-1`. */
export const numericsName = ({ class: name, version }: Numerics): string => `${name}-${version}`;

/** The class of an engine on a GPU: other hardware rounds otherwise. `webgpu-nvidia-h200` */
export const gpuClass = (mode: string, description: string): string =>
  [mode, ...description.toLowerCase().split(/[^a-z\d]+/)]
    .filter((word, i) => word !== "" && (i === 0 || (word !== mode && word !== "on")))
    .join("-")
    .slice(0, MOST);

/** Letters of a class, which is part of file names. */
const MOST = 80;

/**
 * Refuses to go on with what other numerics have begun.
 * @param where what was begun, for messages
 * @throws DataError that says why the numbers would differ
 */
export function expectSameNumerics(
  where: string,
  before: Numerics | undefined,
  now: Numerics,
): void {
  if (before && before.class === now.class && before.version === now.version) return;
  const [old, own] = [
    before ? numericsName(before) : "numerics that it does not name",
    numericsName(now),
  ];
  throw new DataError(
    `${where}: expected the numerics that it was begun with, ${old}, got ${own}: ${why(before, now)}`,
  );
}

const isWasm = (name: string): boolean => name.startsWith("wasm-");

function why(before: Numerics | undefined, now: Numerics): string {
  if (before && before.class === now.class)
    return "versions of anchorgrad differ in the last bits of what they compute";
  if (before && isWasm(before.class) && isWasm(now.class))
    return "CPUs with and without fused multiply-add round otherwise";
  return "engines and devices round otherwise";
}
