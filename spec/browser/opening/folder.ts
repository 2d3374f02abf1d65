import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { configOf, storedTensors } from "../../../src/nn/index.ts";
import { at, sizeOf } from "../../../src/tensor/shapes.ts";
import { encodeHeader } from "../../../src/weights/safetensorsHeader.ts";

/** What page.ts puts on `window`. */
export interface OpeningApi {
  /** Finds the model, and copies it into the page's own file system where that is asked for. */
  prepare(url: string, where: "url" | "opfs"): Promise<void>;
  /** Opens it in an engine. @returns the bytes that it takes there */
  open(backend: "wasm"): Promise<number>;
  /** The first and last number of each parameter. */
  ends(): Promise<Readonly<Record<string, readonly [number, number]>>>;
}

/** SmolLM2-135M's shape; `layers` and `vocabulary` cut it. */
const shaped = (layers = 30, vocabulary = 49_152): Readonly<Record<string, unknown>> => ({
  ...{ model_type: "llama", hidden_act: "silu", hidden_size: 576, intermediate_size: 1536 },
  ...{ num_hidden_layers: layers, num_attention_heads: 9, num_key_value_heads: 3, head_dim: 64 },
  ...{ vocab_size: vocabulary, max_position_embeddings: 2048, rope_theta: 1e5 },
  ...{ rms_norm_eps: 1e-5, tie_word_embeddings: true },
});

/** Numbers that repeat: a file of any size needs no more memory. */
const PERIOD = 1_000_003;
/** BF16 codes of numbers between 2^-7 and 2^-6. */
const codeAt = (i: number): number => 0x3c00 + ((i % PERIOD) % 128);

/** A model's folder that is made as it is asked for. */
export interface MadeFolder {
  readonly bytes: number;
  readonly server: Server;
  /** The numbers that a tensor begins and ends with. */
  endsOf(name: string): readonly [number, number];
}

/** Serves a folder with a config and bfloat16 weights, to pages of any origin. */
export function makeFolder(json: Readonly<Record<string, unknown>>): MadeFolder {
  const config = new TextEncoder().encode(JSON.stringify(json));
  const rows = storedTensors(configOf(json, "config.json")).map(({ name, shape }) => ({
    ...{ name, shape, type: "BF16" as const },
  }));
  const header = encodeHeader(rows, { format: "pt" });
  const starts = new Map<string, readonly [number, number]>();
  let count = 0;
  for (const { name, shape } of rows) {
    starts.set(name, [count, count + sizeOf(shape) - 1]);
    count += sizeOf(shape);
  }
  const period = Uint16Array.from({ length: PERIOD }, (_, i) => codeAt(i));
  const codes = Buffer.from(period.buffer);
  const bytes = header.length + 2 * count;
  const range = (from: number, to: number): Buffer => {
    const part = Buffer.alloc(to - from);
    for (let place = from; place < to; ) {
      const isHeader = place < header.length;
      const source = isHeader ? Buffer.from(header) : codes;
      const at = isHeader ? place : (place - header.length) % codes.length;
      place += source.copy(part, place - from, at, Math.min(source.length, at + to - place));
    }
    return part;
  };
  const server = createServer((request, response) => {
    const isConfig = request.url === "/config.json";
    const cors = {
      "access-control-allow-origin": "*",
      "access-control-allow-headers": "range",
      "access-control-expose-headers": "content-range, etag",
      "cross-origin-resource-policy": "cross-origin",
    };
    if (request.method === "OPTIONS") return response.writeHead(204, cors).end();
    if (!isConfig && request.url !== "/model.safetensors")
      return response.writeHead(404, cors).end();
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const size = isConfig ? config.length : bytes;
    const [from, to] = [Number(first), Math.min(size, Number(last) + 1)];
    response.writeHead(206, { ...cors, "content-range": `bytes ${from}-${to - 1}/${size}` });
    return response.end(isConfig ? config.subarray(from, to) : range(from, to));
  });
  const word = new Uint32Array(1);
  const numberAt = (place: number): number => {
    word[0] = codeAt(place) << 16;
    return at(new Float32Array(word.buffer), 0);
  };
  return {
    ...{ bytes, server },
    endsOf: (name) => {
      const [first, last] = starts.get(name) ?? [0, 0];
      return [numberAt(first), numberAt(last)];
    },
  };
}

/** SmolLM2-135M with five of thirty layers: OPENING=full opens all of it. */
export const trialShape: Readonly<Record<string, unknown>> =
  process.env["OPENING"] === "full" ? shaped() : shaped(5);

/** Memory of a process now and at its most, in bytes, as Linux tells it; undefined elsewhere. */
export function memoryOf(pid: number): { readonly now: number; readonly most: number } | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const kib = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(status)?.[1]);
    return { now: 1024 * kib("VmRSS"), most: 1024 * kib("VmHWM") };
  } catch {
    return undefined;
  }
}
