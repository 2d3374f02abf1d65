import { isRecord } from "../../json/isRecord.ts";
import { DataError } from "../../tensor/errors.ts";
import type { TransformerConfig } from "../config.ts";
import type { Rope, RopeScaling } from "../ropeScaling.ts";
import { Fields, type Json } from "./fields.ts";

type Ropes = Pick<
  TransformerConfig,
  "ropeTheta" | "ropeScaling" | "rotaryChannels" | "slidingRope"
> & { readonly contextLength: number };

/**
 * Rotary positions from either spelling: rope_scaling with a rope_theta beside it, or
 * rope_parameters with everything inside, one record or one for each type of layers.
 * @param headDim channels of a head
 */
export function ropesOf(fields: Fields, path: string, headDim: number): Ropes {
  const longest = fields.count("max_position_embeddings");
  const [scaling, parameters] = [filled(fields, "rope_scaling"), filled(fields, "rope_parameters")];
  const shared: Shared = {
    path,
    key: scaling ? "rope_scaling" : "rope_parameters",
    headDim,
    longest,
    original: fields.countOr("original_max_position_embeddings", 0),
    partial: fields.numberOr("partial_rotary_factor", 1),
  };
  const records = byLayerType({ ...(scaling ?? parameters) });
  const full = read(records.full, shared, fields.positive("rope_theta"));
  const local = fields.numberOr("rope_local_base_freq", null);
  const sliding =
    records.sliding || local !== null
      ? read(records.sliding ?? {}, shared, local ?? full.theta)
      : null;
  if (sliding && sliding.channels !== full.channels)
    throw new DataError(
      `${path}: expected partial_rotary_factor to be equal for all layers, got ` +
        `${full.channels} and ${sliding.channels} channels`,
    );
  return {
    ropeTheta: full.theta,
    ropeScaling: full.scaling,
    rotaryChannels: full.channels,
    slidingRope: sliding && { theta: sliding.theta, scaling: sliding.scaling },
    contextLength: reach(longest, full.scaling),
  };
}

/** A record that says something. */
function filled(fields: Fields, key: string): Json | undefined {
  const record = fields.record(key);
  return record && Object.keys(record).length > 0 ? record : undefined;
}

interface Shared {
  readonly path: string;
  /** Which key the record stands under. */
  readonly key: string;
  readonly headDim: number;
  /** max_position_embeddings. */
  readonly longest: number;
  /** original_max_position_embeddings beside the record, which wins; 0 for none. */
  readonly original: number;
  readonly partial: number;
}

function byLayerType(record: Json): { readonly full: Json; readonly sliding?: Json } {
  const { full_attention: full, sliding_attention: sliding } = record;
  if (!isRecord(full) && !isRecord(sliding)) return { full: record };
  return { full: isRecord(full) ? full : {}, ...(isRecord(sliding) && { sliding }) };
}

/** How far a model reads: max_position_embeddings, or further where scaling is put on top of it. */
function reach(longest: number, scaling: RopeScaling | null): number {
  if (scaling?.type === "linear" || scaling?.type === "dynamic")
    return Math.floor(longest * Math.max(1, scaling.factor));
  if (scaling?.type === "yarn")
    return Math.max(longest, Math.floor(scaling.originalLength * scaling.factor));
  return longest;
}

function read(record: Json, shared: Shared, theta: number): Rope & { readonly channels: number } {
  const fields = new Fields(record, `${shared.path}: ${shared.key}`, { rope_theta: theta });
  const partial = fields.numberOr("partial_rotary_factor", shared.partial);
  const older = fields.value("type");
  const type = fields.value("rope_type") ?? older ?? "default";
  const rope = {
    theta: fields.positive("rope_theta"),
    scaling: scalingOf(fields, type, shared),
    channels: Math.floor(shared.headDim * partial),
  };
  const [unknown] = fields.unread();
  if (unknown !== undefined)
    fields.fail(unknown, `absent from rope_type ${String(type)}`, record[unknown]);
  return rope;
}

function scalingOf(fields: Fields, type: unknown, shared: Shared): RopeScaling | null {
  const inside = fields.countOr("original_max_position_embeddings", shared.longest);
  const originalLength = shared.original || inside;
  /** Some files say how far the model reads, and leave the quotient to their reader. */
  const stretch = () => fields.numberOr("factor", shared.longest / originalLength);
  switch (type) {
    case "default":
      return null;
    case "linear":
      return { type, factor: fields.positive("factor") };
    case "dynamic":
      return { type, factor: fields.positive("factor"), originalLength: shared.longest };
    case "llama3":
      return {
        type,
        factor: fields.positive("factor"),
        lowFrequencyFactor: fields.positive("low_freq_factor"),
        highFrequencyFactor: fields.positive("high_freq_factor"),
        originalLength,
      };
    case "yarn": {
      const factor = stretch();
      const truncate = fields.raw("truncate") !== false;
      return {
        type,
        factor,
        attentionFactor: yarnAttention(fields, factor),
        betaFast: fields.numberOr("beta_fast", 32),
        betaSlow: fields.numberOr("beta_slow", 1),
        originalLength,
        truncate,
      };
    }
    case "su":
    case "longrope": {
      const factor = stretch();
      const grown = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalLength));
      return {
        type: "longrope",
        shortFactors: fields.numbers("short_factor"),
        longFactors: fields.numbers("long_factor"),
        attentionFactor: fields.numberOr("attention_factor", grown),
        originalLength,
      };
    }
    default:
      return fields.fail("rope_type", "default, linear, dynamic, llama3, yarn or longrope", type);
  }
}

/** The factor of yarn's cosines and sines, by which scores grow twice. */
function yarnAttention(fields: Fields, factor: number): number {
  const grown = (m: number) => (factor <= 1 ? 1 : 0.1 * m * Math.log(factor) + 1);
  const [given, m, all] = ["attention_factor", "mscale", "mscale_all_dim"].map((key) =>
    fields.numberOr(key, 0),
  );
  if (given) return given;
  return m && all ? grown(m) / grown(all) : grown(1);
}
