import { at } from "../../tensor/shapes.ts";
import type { Shape } from "../../tensor/tensor.ts";
import { EMBEDDING, HEAD, PREVIOUS_EMBEDDING } from "../config.ts";

/** How a family's own code holds the matrices: one by one, qkv and gate_up joined (Phi-3), or as
 * GPT-2 does. Adapters carry that code's names. */
export type Storage = "separate" | "fused" | "gpt2";

export type Shapes = { readonly [name: string]: Shape };

/** A module of the original code that owns a weight. */
export interface Module {
  /** Its path there, such as `model.layers.0.self_attn.q_proj`. */
  readonly path: string;
  readonly kind: "linear" | "head" | "embedding" | "other";
  /** Of its weight as [out, in]; of an embedding [tokens, width]. */
  readonly shape: Shape;
  /** The modules of ours that it is, one below the other. */
  readonly parts: readonly Part[];
}

export interface Part {
  /** A path of ours. */
  readonly module: string;
  /** Which of the joined module's rows are its; all by default. */
  readonly rows?: { readonly first: number; readonly count: number };
}

/** `model.norm` of `model.norm.weight`. */
export const moduleOf = (name: string): string => name.slice(0, name.lastIndexOf("."));

/**
 * The modules of the original code.
 * @param base name and shape of every parameter
 */
export function modulesOf(base: Shapes, storage: Storage): Module[] {
  const found = new Map<string, Module>();
  for (const [name, shape] of Object.entries(withHead(base))) {
    if (!name.endsWith(".weight")) continue;
    const module = moduleOf(name);
    const path = pathOf(module, storage);
    const joined = found.get(path);
    if (!joined) {
      found.set(path, { path, kind: kindOf(name, shape), shape, parts: [{ module }] });
      continue;
    }
    const [above, more] = [at(joined.shape, 0), at(shape, 0)];
    found.set(path, {
      ...joined,
      shape: [above + more, ...shape.slice(1)],
      parts: [
        ...joined.parts.map((part) => ({ rows: { first: 0, count: above }, ...part })),
        { module, rows: { first: above, count: more } },
      ],
    });
  }
  return [...found.values()];
}

/** A tied head is a module of its own, though its weight has no name of its own. */
export function withHead(base: Shapes): Shapes {
  const embedding = base[EMBEDDING];
  return HEAD in base || !embedding ? base : { ...base, [HEAD]: embedding };
}

function kindOf(name: string, shape: Shape): Module["kind"] {
  if (name === HEAD) return "head";
  if (shape.length !== 2) return "other";
  return name === EMBEDDING || EMBEDDINGS.has(name) ? "embedding" : "linear";
}

/** Embeddings that no adapter can be put on. */
const EMBEDDINGS: ReadonlySet<string> = new Set([
  PREVIOUS_EMBEDDING,
  "model.embed_positions.weight",
]);

/** The path in the original code of a module of ours. */
export function pathOf(module: string, storage: Storage): string {
  const renamed = PATHS[storage].find(([ending]) => module.endsWith(ending));
  const path = renamed ? module.slice(0, -renamed[0].length) + renamed[1] : module;
  return storage === "gpt2" ? path.replace(/^model\.(layers\b)?/, gpt2Start) : path;
}

const gpt2Start = (_: string, layers: string | undefined): string =>
  layers ? "transformer.h" : "transformer.";

const PATHS: { readonly [S in Storage]: readonly (readonly [ours: string, theirs: string])[] } = {
  separate: [],
  fused: [
    ["self_attn.q_proj", "self_attn.qkv_proj"],
    ["self_attn.k_proj", "self_attn.qkv_proj"],
    ["self_attn.v_proj", "self_attn.qkv_proj"],
    ["mlp.gate_proj", "mlp.gate_up_proj"],
    ["mlp.up_proj", "mlp.gate_up_proj"],
  ],
  gpt2: [
    ["self_attn.q_proj", "attn.c_attn"],
    ["self_attn.k_proj", "attn.c_attn"],
    ["self_attn.v_proj", "attn.c_attn"],
    ["self_attn.o_proj", "attn.c_proj"],
    ["mlp.up_proj", "mlp.c_fc"],
    ["mlp.down_proj", "mlp.c_proj"],
    ["input_layernorm", "ln_1"],
    ["post_attention_layernorm", "ln_2"],
    ["model.embed_tokens", "model.wte"],
    ["model.embed_positions", "model.wpe"],
    ["model.norm", "model.ln_f"],
  ],
};
