import { isRecord } from "../../json/isRecord.ts";
import { DataError } from "../../tensor/errors.ts";
import { show } from "../refuse.ts";
import type { Architecture } from "./names.ts";

/** A Hugging Face config.json as it was parsed. */
export type ConfigJson = Readonly<Record<string, unknown>>;

/** Reads values of a config by key. @throws DataError with the key */
export interface ConfigReader {
  /** A number; `otherwise` where it is absent or null. */
  number(key: string, otherwise?: number): number;
  optional(key: string): number | undefined;
  flag(key: string): boolean;
}

export function configReader(config: ConfigJson): ConfigReader {
  const optional = (key: string): number | undefined => {
    const value = config[key];
    if (value === undefined || value === null) return undefined;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw new DataError(`config.json: expected a number for ${key}, got ${show(value)}`);
  };
  return {
    optional,
    number: (key, otherwise) => {
      const value = optional(key) ?? otherwise;
      if (value !== undefined) return value;
      throw new DataError(`config.json: expected a number for ${key}, got none`);
    },
    flag: (key) => config[key] === true,
  };
}

const byModelType: Readonly<Record<string, Architecture>> = {
  llama: "llama",
  mistral: "llama",
  qwen2: "qwen2",
  qwen3: "qwen3",
  olmo2: "olmo2",
  granite: "granite",
  smollm3: "smollm3",
  phi3: "phi3",
  gemma2: "gemma2",
  gemma3_text: "gemma3",
  gpt2: "gpt2",
};

/** llama.cpp's architecture of a model. @throws DataError for one that is not known here */
export function architectureOf(config: ConfigJson): Architecture {
  const type = config["model_type"];
  const arch =
    typeof type === "string" && Object.hasOwn(byModelType, type) ? byModelType[type] : undefined;
  if (arch) return arch;
  throw new DataError(
    `config.json: expected a model_type of ${Object.keys(byModelType).join(", ")}, got ${show(type)}`,
  );
}

/** Rope's settings, from `rope_scaling` or the `rope_parameters` of transformers 5. */
export interface RopeJson {
  readonly type: string;
  readonly theta: number;
  readonly localTheta: number | undefined;
  readonly values: ConfigJson;
}

const THETA: Readonly<Partial<Record<Architecture, number>>> = { smollm3: 2e6, gemma3: 1e6 };

export function ropeOf(config: ConfigJson, arch: Architecture): RopeJson {
  const given = config["rope_parameters"];
  const parameters = isRecord(given) ? given : {};
  const { full_attention: full, sliding_attention: sliding } = parameters;
  const own = isRecord(full) ? full : parameters;
  const scaling = config["rope_scaling"];
  const values = { ...own, ...(isRecord(scaling) ? scaling : {}) };
  const type = values["rope_type"] ?? values["type"] ?? "default";
  const local = isRecord(sliding) ? sliding["rope_theta"] : config["rope_local_base_freq"];
  return {
    values,
    type: `${type}` === "su" ? "longrope" : `${type}`,
    theta: configReader({ theta: own["rope_theta"] ?? config["rope_theta"] }).number(
      "theta",
      THETA[arch] ?? 1e4,
    ),
    localTheta: typeof local === "number" ? local : undefined,
  };
}

/** The width of a head, and how much of it rope turns. */
export function headOf(config: ConfigJson): { readonly width: number; readonly turned: number } {
  const read = configReader(config);
  const heads = read.number("num_attention_heads");
  const width = read.number("head_dim", read.number("hidden_size") / heads);
  const parameters = config["rope_parameters"];
  const inner = isRecord(parameters) ? parameters["partial_rotary_factor"] : undefined;
  const partial = read.number("partial_rotary_factor", typeof inner === "number" ? inner : 1);
  return { width, turned: Math.floor(width * partial) };
}
