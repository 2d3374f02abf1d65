import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Params, TransformerConfig } from "../../../src/nn/config.ts";
import { configOf } from "../../../src/nn/huggingFace/configOf.ts";
import { ids, tensor } from "../../../src/tensor/apply.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { decodeSafetensors } from "../../../src/weights/safetensors.ts";

/** Adapters of PEFT over small random models, with what transformers and PEFT say of them. */
export const folder: string =
  process.env["ANCHORGRAD_CHECKPOINTS"] ??
  fileURLToPath(new URL("../../../../shared/checkpoints", import.meta.url));

export const absent: boolean = !existsSync(`${folder}/lora`);
/** For a test's name. */
export const reason: string = absent
  ? " (skipped: set ANCHORGRAD_CHECKPOINTS to a folder with the reference checkpoints)"
  : "";

export interface Figures {
  readonly norm: number;
  readonly sum: number;
  readonly first16: readonly number[];
}

export interface AdapterReference {
  readonly base: string;
  readonly input_ids: number[][];
  readonly labels: number[][];
  readonly loss64: number;
  readonly grads64: { readonly [name: string]: Figures };
  readonly trainable: { readonly [name: string]: readonly number[] };
  readonly init_A_absmax_std: { readonly [name: string]: readonly [absmax: number, std: number] };
  readonly merged: {
    readonly [name: string]: Omit<Figures, "sum"> & { readonly delta_norm: number };
  };
}

export const readJson = <T>(path: string): T =>
  JSON.parse(readFileSync(`${folder}/${path}`, "utf8")) as T;

export const readBytes = (path: string): Uint8Array =>
  new Uint8Array(readFileSync(`${folder}/${path}`));

export const readTensors = (path: string): Params =>
  decodeSafetensors(readBytes(path), path).tensors;

/** The config of a base. */
export const baseConfig = (name: string): TransformerConfig =>
  configOf(readJson(`models/${name}/config.json`), `models/${name}/config.json`);

/** A base's weights, all of which are stored as BF16. */
export function baseParams(name: string): Params {
  const index = `models/${name}/model.safetensors.index.json`;
  const files = existsSync(`${folder}/${index}`)
    ? [
        ...new Set(
          Object.values(readJson<{ weight_map: Record<string, string> }>(index).weight_map),
        ),
      ]
    : ["model.safetensors"];
  return Object.assign({}, ...files.map((file) => widened(readBytes(`models/${name}/${file}`))));
}

function widened(file: Uint8Array): Params {
  const view = new DataView(file.buffer, file.byteOffset);
  const start = 8 + Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, start))) as {
    [name: string]: { dtype: string; shape: number[]; data_offsets: [number, number] };
  };
  const rows = Object.entries(header).filter(([name]) => name !== "__metadata__");
  return Object.fromEntries(
    rows.map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [from, to],
        },
      ]): [string, Tensor] => {
        if (dtype !== "BF16") throw new Error(`${name}: ${dtype}`);
        const bits = Uint32Array.from(
          { length: (to - from) / 2 },
          (_, i) => view.getUint16(start + from + 2 * i, true) * 65536,
        );
        return [name, tensor(new Float32Array(bits.buffer), shape)];
      },
    ),
  );
}

/** Tokens, shifted labels and mask, as losses take them. */
export function batchOf({
  input_ids,
  labels,
}: AdapterReference): Record<"tokens" | "labels" | "mask", Tensor> {
  const shifted = labels.map((row) => [...row.slice(1), -100]);
  return {
    tokens: ids(input_ids),
    labels: ids(shifted.map((row) => row.map((label) => Math.max(label, 0)))),
    mask: tensor(shifted.map((row) => row.map((label) => (label === -100 ? 0 : 1)))),
  };
}
