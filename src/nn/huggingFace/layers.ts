import type { LayerType, TransformerConfig } from "../config.ts";
import type { Fields } from "./fields.ts";

/**
 * Which layers slide where a file has no layer_types; null where none does, whatever the file says.
 * @param turns which layers have rotary positions
 */
export type SlidingRule = (
  fields: Fields,
  turns: readonly boolean[],
) => ((layer: number) => boolean) | null;

/** Rules by the families' configuration classes. */
export const SLIDING: Readonly<
  Record<"none" | "all" | "even" | "upper" | "pattern" | "still", SlidingRule>
> = {
  none: () => null,
  all: () => () => true,
  even: () => (layer) => layer % 2 === 0,
  /** The upper layers, and only if use_sliding_window. */
  upper: (fields) => {
    const first = fields.numberOr("max_window_layers", 0);
    return fields.flag("use_sliding_window") ? (layer) => layer >= first : null;
  },
  /** All but every n-th. */
  pattern: (fields) => {
    const n = fields.countOr("_sliding_window_pattern", fields.count("sliding_window_pattern"));
    return (layer) => (layer + 1) % n !== 0;
  },
  /** Those without rotary positions, and only if use_sliding_window; which layer_types does not ask for. */
  still: (fields, turns) => {
    const isUsed = fields.flag("use_sliding_window");
    return (layer) => isUsed && turns[layer] === false;
  },
};

/** What a family's layers depend on. */
export interface LayerRules {
  readonly sliding: SlidingRule;
  /** Which layers have rotary positions; all by default. */
  readonly ropeLayers?: (fields: Fields, layers: number) => readonly boolean[];
}

type Layers = Pick<TransformerConfig, "window" | "layerTypes" | "ropeLayers">;

/** Windows and rotary positions, layer by layer. */
export function layersOf(
  fields: Fields,
  { sliding, ropeLayers: turns }: LayerRules,
  layers: number,
): Layers {
  const ropeLayers = turns?.(fields, layers) ?? Array<boolean>(layers).fill(true);
  const width = fields.countOrNone("sliding_window");
  const slides = sliding(fields, ropeLayers);
  const named = fields.list("layer_types", layers)?.map((type) => typeOf(fields, type));
  const window = slides ? width : null;
  const layerTypes = Array.from({ length: layers }, (_, layer): LayerType => {
    if (window === null) return "full";
    return named?.[layer] ?? (slides?.(layer) ? "sliding" : "full");
  });
  return { window: layerTypes.includes("sliding") ? window : null, layerTypes, ropeLayers };
}

function typeOf(fields: Fields, type: unknown): LayerType {
  if (type === "full_attention") return "full";
  if (type === "sliding_attention") return "sliding";
  return fields.fail("layer_types", "full_attention or sliding_attention each", type);
}

/** Which layers turn: no_rope_layers says 1 for those that do, against its name. */
export function ropeLayersOf(fields: Fields, layers: number): readonly boolean[] {
  const interval = fields.countOr("no_rope_layer_interval", 0);
  const flags = fields.list("no_rope_layers", layers);
  return Array.from({ length: layers }, (_, layer) => {
    if (!flags) return interval === 0 || (layer + 1) % interval !== 0;
    const flag = flags[layer];
    if (flag !== 0 && flag !== 1) return fields.fail("no_rope_layers", "ones and zeros", flags);
    return flag === 1;
  });
}
