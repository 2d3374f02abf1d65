import { isRecord } from "../../json/isRecord.ts";
import { DataError } from "../../tensor/errors.ts";
import { expectKnown } from "../../tensor/options.ts";
import { type AdapterConfig, completeLora, type LoraOptions, shown } from "./adapterConfig.ts";

type Json = Readonly<Record<string, unknown>>;

/** A key of adapter_config.json that is an option here. */
interface Field {
  readonly option: keyof LoraOptions;
  /** null and what means the same leave the option out. */
  readonly read: (value: unknown) => unknown;
  readonly write: (config: AdapterConfig) => unknown;
}

const orNull = (list: unknown): unknown => (Array.isArray(list) && list.length === 0 ? null : list);
const given = (value: unknown): unknown => value ?? undefined;
const listed = (value: unknown): unknown =>
  value === null || value === undefined || Array.isArray(value) ? orNothing(value) : [value];
const orNothing = (value: unknown): unknown =>
  value === "" || (Array.isArray(value) && value.length === 0) ? undefined : given(value);

const FIELDS: { readonly [key: string]: Field } = {
  alpha_pattern: { option: "alphaPattern", read: given, write: (c) => c.alphaPattern },
  exclude_modules: {
    option: "excludeModules",
    read: orNothing,
    write: (c) => orNull(c.excludeModules),
  },
  init_lora_weights: {
    option: "initialization",
    // False leaves B random, which is no matter in a file that holds B.
    read: (value) => (value === true || value === false ? undefined : value),
    write: (c) => (c.initialization === "gaussian" ? "gaussian" : true),
  },
  layers_pattern: { option: "layersPattern", read: listed, write: (c) => c.layersPattern ?? null },
  layers_to_transform: {
    option: "layersToTransform",
    read: listed,
    write: (c) => c.layersToTransform ?? null,
  },
  lora_alpha: { option: "alpha", read: (value) => value, write: (c) => c.alpha },
  modules_to_save: {
    option: "modulesToSave",
    read: orNothing,
    write: (c) => orNull(c.modulesToSave),
  },
  r: { option: "rank", read: (value) => value, write: (c) => c.rank },
  rank_pattern: { option: "rankPattern", read: given, write: (c) => c.rankPattern },
  target_modules: { option: "targets", read: (value) => value, write: (c) => c.targets },
  use_dora: { option: "dora", read: given, write: (c) => c.dora },
  use_rslora: { option: "rslora", read: given, write: (c) => c.rslora },
};

/** What is written beside the options, as every version of PEFT reads it. */
const WRITTEN: Json = {
  auto_mapping: null,
  base_model_name_or_path: null,
  bias: "none",
  fan_in_fan_out: false,
  inference_mode: true,
  lora_dropout: 0,
  peft_type: "LORA",
  revision: null,
  task_type: "CAUSAL_LM",
};

/** Keys that change neither the forward pass nor the names, whatever they hold. */
const CARRIED: ReadonlySet<string> = new Set([
  "auto_mapping",
  "base_model_name_or_path",
  // Weights are [out, in] here, whichever way the base's file has them.
  "fan_in_fan_out",
  "inference_mode",
  // Acts in PEFT's training alone.
  "lora_dropout",
  "megatron_core",
  "peft_version",
  // What only quantised adapters ask for.
  "qalora_group_size",
  "revision",
  "runtime_config",
]);

/** Keys with one value that is known. */
const ONLY: Readonly<Record<string, readonly unknown[]>> = {
  bias: ["none", undefined],
  peft_type: ["LORA"],
  task_type: ["CAUSAL_LM", null, undefined],
};

/**
 * Reads PEFT's adapter_config.json.
 * @param path where it comes from, for messages
 * @returns what `lora` knows; what else the file holds is kept for `adapterConfigJson`
 * @throws DataError with path and key for what is missing, cannot be, or is not known and not off
 *   (such as lora_bias, layer_replication, trainable_token_indices, other types and
 *   initialisations that alter the base)
 */
export function adapterConfigOf(json: unknown, path: string): AdapterConfig {
  if (!isRecord(json)) throw new DataError(`${path}: expected a JSON object, got ${shown(json)}`);
  for (const [key, values] of Object.entries(ONLY))
    if (!values.includes(json[key]))
      throw new DataError(`${path}: ${key}: expected ${shown(values[0])}, got ${shown(json[key])}`);
  for (const [key, value] of Object.entries(json)) {
    const isKnown = Object.hasOwn(FIELDS, key) || Object.hasOwn(ONLY, key) || CARRIED.has(key);
    if (!isKnown && !isOff(value))
      throw new DataError(
        `${path}: ${key}: expected nothing, as it is not supported here, got ${shown(value)}`,
      );
  }
  for (const key of ["r", "lora_alpha", "target_modules"])
    if (json[key] === undefined || json[key] === null)
      throw new DataError(`${path}: ${key}: expected a value, got ${shown(json[key])}`);
  const options = Object.entries(FIELDS).flatMap(([key, { option, read }]) => {
    const value = read(json[key]);
    return value === undefined ? [] : [[option, value] as const];
  });
  const nameOf = (option: keyof LoraOptions): string =>
    `${path}: ${Object.entries(FIELDS).find(([, field]) => field.option === option)?.[0]}`;
  try {
    const complete = completeLora(Object.fromEntries(options) as unknown as LoraOptions, nameOf);
    return Object.freeze({ ...complete, file: json });
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    throw new DataError(error.message);
  }
}

/**
 * adapter_config.json as PEFT writes it: sorted keys, two spaces. What was read from a file and not
 * changed since is written as it stood there.
 * @param base base_model_name_or_path, where it is not the file's
 */
export function adapterConfigJson(
  config: AdapterConfig,
  options: { readonly base?: string } = {},
): string {
  expectKnown("adapterConfigJson", options, ["base"]);
  const { base } = options;
  const file: Json = config.file ?? {};
  const values: Record<string, unknown> = { ...WRITTEN, ...file };
  for (const [key, { option, read, write }] of Object.entries(FIELDS)) {
    // Older versions of PEFT do not know this key.
    if (key === "exclude_modules" && !(key in file) && config.excludeModules.length === 0) continue;
    const asRead = key in file ? (read(file[key]) ?? defaultOf(option)) : undefined;
    const isUnchanged = JSON.stringify(asRead) === JSON.stringify(config[option]);
    values[key] = key in file && isUnchanged ? file[key] : write(config);
  }
  if (base !== undefined) values["base_model_name_or_path"] = base;
  const sorted = Object.fromEntries(
    Object.keys(values)
      .sort()
      .map((key) => [key, values[key]]),
  );
  return asPython(JSON.stringify(sorted, null, 2));
}

const defaultOf = (option: keyof LoraOptions): unknown =>
  completeLora({ rank: 1, alpha: 1 })[option];

/** Python writes no character beyond ASCII, and a dropout, which is a float, with a point. */
export function asPython(json: string): string {
  const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return json
    .replace(/[\u007f-\uffff]/g, escaped)
    .replace(/^( {2}"lora_dropout": \d+)(,?)$/m, "$1.0$2");
}

/** How a feature says that it is not used. */
const isOff = (value: unknown): boolean =>
  value === null ||
  value === false ||
  (typeof value === "object" && Object.keys(value ?? {}).length === 0);
