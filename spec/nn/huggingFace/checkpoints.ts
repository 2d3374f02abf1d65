import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { NamedTensors } from "../../../src/nn/index.ts";
import { constant } from "../../../src/tensor/apply.ts";
import { at } from "../../../src/tensor/shapes.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";

const folder =
  process.env["ANCHORGRAD_CHECKPOINTS"] ??
  fileURLToPath(new URL("../../../../shared/checkpoints", import.meta.url));

/** Reference checkpoints with the numbers of the original library, which are no part of the project. */
export const checkpoints: readonly string[] = existsSync(`${folder}/models`)
  ? readdirSync(`${folder}/models`).sort()
  : [];

export const absent: boolean = checkpoints.length === 0;
/** Why, for a test's name. */
export const reason: string = absent
  ? " (skipped: set ANCHORGRAD_CHECKPOINTS to a folder with models/)"
  : "";

/** What transformers computed, in float64 where names say 64. */
export interface Reference {
  readonly input_ids: number[][];
  readonly labels: number[][];
  readonly loss64: number;
  readonly grads64: Record<string, { norm: number; sum: number; first16: number[] }>;
  readonly hidden64: { sum: number; norm: number; last8: number[] }[];
  readonly greedy?: { prompt: number[]; tokens: number[] };
  readonly leftpad?: {
    input_ids: number[][];
    attention_mask: number[][];
    position_ids: number[][];
  };
  readonly short?: { input_ids: number[][]; labels: number[][]; loss: number };
}

export interface Checkpoint {
  readonly path: string;
  readonly weights: NamedTensors;
  readonly reference: Reference;
  /** reference.safetensors. */
  readonly numbers: NamedTensors;
  json(file: "config.json" | "config.v5.json"): Record<string, unknown>;
}

export function checkpoint(name: string): Checkpoint {
  const path = `${folder}/models/${name}`;
  const json = (file: string) => JSON.parse(readFileSync(`${path}/${file}`, "utf8"));
  const files = readdirSync(path).filter((file) => /^model.*\.safetensors$/.test(file));
  return {
    path,
    weights: tensorsOf(files.map((file) => `${path}/${file}`)),
    reference: json("reference.json"),
    numbers: tensorsOf([`${path}/reference.safetensors`]),
    json,
  };
}

interface Row {
  readonly dtype: string;
  readonly shape: number[];
  readonly data_offsets: [number, number];
}

/** A plain reader of small safetensors files. */
function tensorsOf(paths: readonly string[]): NamedTensors {
  const found = new Map<string, { readonly row: Row; readonly bytes: Buffer }>();
  for (const path of paths) {
    const file = readFileSync(path);
    const start = 8 + Number(file.readBigUInt64LE(0));
    const header: Record<string, Row> = JSON.parse(file.subarray(8, start).toString());
    for (const [name, row] of Object.entries(header)) {
      if (name === "__metadata__") continue;
      const [from, to] = row.data_offsets;
      found.set(name, { row, bytes: file.subarray(start + from, start + to) });
    }
  }
  const get = (name: string) => {
    const entry = found.get(name);
    if (!entry) throw new Error(`no ${name} among ${paths.join(", ")}`);
    return entry;
  };
  return {
    names: [...found.keys()],
    shapeOf: (name) => get(name).row.shape,
    read: async (name) => decoded(get(name).row, get(name).bytes),
  };
}

function decoded({ dtype, shape }: Row, bytes: Buffer): Tensor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = shape.reduce((a, b) => a * b, 1);
  const numbers = (read: (i: number) => number) =>
    constant(
      Float64Array.from({ length: size }, (_, i) => read(i)),
      shape,
    );
  switch (dtype) {
    case "F64":
      return numbers((i) => view.getFloat64(8 * i, true));
    case "F32":
      return numbers((i) => view.getFloat32(4 * i, true));
    case "BF16": {
      const wide = new DataView(new ArrayBuffer(4));
      return numbers((i) => {
        wide.setUint32(0, view.getUint16(2 * i, true) * 65536);
        return wide.getFloat32(0);
      });
    }
    case "F16":
      return numbers((i) => half(view.getUint16(2 * i, true)));
    default:
      throw new Error(`dtype ${dtype}`);
  }
}

function half(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  return exponent === 0
    ? sign * fraction * 2 ** -24
    : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The largest difference, element by element. */
export function apart(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const off = Math.abs(at(a, i) - at(b, i));
    if (!(off <= most)) most = off; // NaN counts as apart
  }
  return most;
}
