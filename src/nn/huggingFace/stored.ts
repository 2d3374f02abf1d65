import { at } from "../../tensor/shapes.ts";
import type { Shape } from "../../tensor/tensor.ts";
import { completeConfig } from "../completeConfig.ts";
import type { TransformerConfig } from "../config.ts";
import { HEAD, parameterShapes } from "../config.ts";

/** A parameter's place in a file's tensor: rows from … of what is [out, in] (or [out]). */
export interface Part {
  readonly param: string;
  readonly shape: Shape;
}

/** A tensor of a file, and the parameters that it holds, one below the other. */
export interface Stored {
  readonly name: string;
  readonly shape: Shape;
  /** The file holds [in, out]. */
  readonly isTransposed: boolean;
  readonly parts: readonly Part[];
}

/** Renames parameters to what a family's files call them; equal names are joined. */
const STORAGE: {
  readonly [S in NonNullable<TransformerConfig["storage"]>]: readonly (readonly [RegExp, string])[];
} = {
  separate: [],
  fused: [
    [/\.[qkv]_proj\./, ".qkv_proj."],
    [/\.(gate|up)_proj\./, ".gate_up_proj."],
  ],
  gpt2: [
    [/^model\.embed_tokens\./, "wte."],
    [/^model\.embed_positions\./, "wpe."],
    [/^model\.layers\./, "h."],
    [/^model\.norm\./, "ln_f."],
    [/\.input_layernorm\./, ".ln_1."],
    [/\.post_attention_layernorm\./, ".ln_2."],
    [/\.self_attn\.[qkv]_proj\./, ".attn.c_attn."],
    [/\.self_attn\.o_proj\./, ".attn.c_proj."],
    [/\.mlp\.up_proj\./, ".mlp.c_fc."],
    [/\.mlp\.down_proj\./, ".mlp.c_proj."],
  ],
};

/**
 * The tensors of a checkpoint's files, under the names that the family's language model gives them,
 * in the order of the forward pass.
 */
export function storedTensors(config: TransformerConfig): readonly Stored[] {
  const full = completeConfig(config);
  const joined = new Map<string, Part[]>();
  for (const [param, shape] of Object.entries(parameterShapes(full))) {
    const name = STORAGE[full.storage].reduce((text, [from, to]) => text.replace(from, to), param);
    joined.set(name, [...(joined.get(name) ?? []), { param, shape }]);
  }
  return [...joined].map(([name, parts]) => {
    const rows = parts.reduce((sum, { shape }) => sum + at(shape, 0), 0);
    const shape = [rows, ...at(parts, 0).shape.slice(1)];
    // GPT-2's blocks multiply from the right.
    const isTransposed = full.storage === "gpt2" && name.startsWith("h.") && shape.length === 2;
    return { name, shape: isTransposed ? shape.toReversed() : shape, isTransposed, parts };
  });
}

/** How files may call the tensors of the same language model. */
interface Prefix {
  readonly rename: (name: string) => string;
  /** Other tensors of such files belong to other parts of the model. */
  readonly hasOthers: boolean;
}

const PREFIXES: readonly Prefix[] = [
  { rename: (name) => name, hasOthers: false },
  { rename: (name) => (name === HEAD ? name : `transformer.${name}`), hasOthers: false },
  { rename: (name) => `language_model.${name}`, hasOthers: true },
  { rename: (name) => name.replace(/^model\./, "model.language_model."), hasOthers: true },
  { rename: (name) => name.replace(/^model\./, ""), hasOthers: false },
];

/** The way of naming that most of a file's tensors follow. */
export function prefixOf(stored: readonly Stored[], names: ReadonlySet<string>): Prefix {
  const matches = ({ rename }: Prefix) =>
    stored.filter(({ name }) => names.has(rename(name))).length;
  return PREFIXES.reduce((best, each) => (matches(each) > matches(best) ? each : best));
}

/** Tensors that are made from the config: tables of angles and masks. */
export const isBuffer = (name: string): boolean =>
  /(^|\.)rotary_emb\.inv_freq$/.test(name) || /(^|\.)h\.\d+\.attn\.(masked_)?bias$/.test(name);

/** Tensors of a multimodal file that are not the language model's. */
export const isOtherTower = (name: string): boolean =>
  /^(model\.)?(vision_tower|multi_modal_projector|vision_model|embed_vision)\./.test(name);
