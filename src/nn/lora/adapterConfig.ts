import { fullMatch } from "./pattern.ts";

/**
 * Which matrices get an adapter and of what kind; the names' meanings are those of PEFT's
 * LoraConfig.
 * @see https://arxiv.org/abs/2106.09685 (Hu et al., 2021)
 */
export interface LoraOptions {
  /** r, rows of A and columns of B. */
  readonly rank: number;
  /** α: what B·A is multiplied by is α/r; twice the rank by default. */
  readonly alpha?: number;
  /**
   * The modules that get an adapter: names, each of which stands for the module of that path and
   * all whose path ends in `.name`; or a regular expression that matches whole paths such as
   * `model.layers.0.self_attn.q_proj`; or `"all-linear"`, the default, every linear module but the
   * head.
   */
  readonly targets?: readonly string[] | string;
  /** Takes modules out of the targets, by the same rules. */
  readonly excludeModules?: readonly string[] | string;
  /** With a list of targets: the layers that get adapters, all by default. */
  readonly layersToTransform?: readonly number[];
  /** What stands before a layer's number in a path, as a regular expression; anything by default. */
  readonly layersPattern?: readonly string[];
  /** Scales by α/√r. @see https://arxiv.org/abs/2312.03732 (Kalajdzievski, 2023) */
  readonly rslora?: boolean;
  /** Trains the magnitude of each row apart. @see https://arxiv.org/abs/2402.09353 (Liu et al., 2024) */
  readonly dora?: boolean;
  /** Other ranks by regular expression, which a path or what follows one of its dots must match. */
  readonly rankPattern?: Readonly<Record<string, number>>;
  /** Other α by regular expression; what r is does not change with them. */
  readonly alphaPattern?: Readonly<Record<string, number>>;
  /** Modules that are trained and saved whole, every one whose path ends so; they are no targets. */
  readonly modulesToSave?: readonly string[];
  /** How A starts: `"uniform"`, ±1/√in, by default; `"gaussian"` is N(0, 1/r²). */
  readonly initialization?: "uniform" | "gaussian";
}

/** Options without gaps. */
export type AdapterConfig = Required<Omit<LoraOptions, "layersToTransform" | "layersPattern">> &
  Pick<LoraOptions, "layersToTransform" | "layersPattern"> & {
    /** What the adapter_config.json says that it was read from. */
    readonly file?: Readonly<Record<string, unknown>>;
  };

const KNOWN: { readonly [K in keyof LoraOptions]-?: (value: unknown) => string | undefined } = {
  rank: positiveInteger,
  alpha: positive,
  targets: namesOrPattern,
  excludeModules: namesOrPattern,
  layersToTransform: (value) =>
    Array.isArray(value) && value.every((n) => Number.isInteger(n) && n >= 0)
      ? undefined
      : "a list of layers from 0 on",
  layersPattern: names,
  rslora: flag,
  dora: flag,
  rankPattern: (value) => table(value, positiveInteger),
  alphaPattern: (value) => table(value, positive),
  modulesToSave: names,
  initialization: (value) =>
    value === "uniform" || value === "gaussian" ? undefined : `"uniform" or "gaussian"`,
};

/** How messages name an option: as here, or as in adapter_config.json. */
export type NameOf = (option: keyof LoraOptions) => string;

/**
 * Fills in defaults.
 * @throws RangeError, TypeError that name an option which is not known or cannot be; DataError for
 *   a text that is no regular expression
 */
export function completeLora(
  options: LoraOptions,
  nameOf: NameOf = (option) => `lora: ${option}`,
): AdapterConfig {
  if (typeof options !== "object" || options === null)
    throw new TypeError(
      `lora: expected options of ${Object.keys(KNOWN).join(", ")}, got ${shown(options)}`,
    );
  for (const [name, value] of Object.entries(options)) {
    if (!isKnown(name))
      throw new TypeError(
        `lora: expected options among ${Object.keys(KNOWN).join(", ")}, got ${name}`,
      );
    const expected = value === undefined ? undefined : KNOWN[name](value);
    if (expected === undefined) continue;
    const Kind = typeof value === "number" ? RangeError : TypeError;
    throw new Kind(`${nameOf(name)}: expected ${expected}, got ${shown(value)}`);
  }
  if (options.rank === undefined)
    throw new TypeError(`${nameOf("rank")}: expected a positive integer, got nothing`);
  const given = Object.fromEntries(Object.entries(options).filter(([, v]) => v !== undefined));
  const config: AdapterConfig = Object.freeze({
    alpha: 2 * options.rank,
    targets: "all-linear",
    excludeModules: [],
    rslora: false,
    dora: false,
    rankPattern: {},
    alphaPattern: {},
    modulesToSave: [],
    initialization: "uniform" as const,
    ...(given as unknown as Pick<LoraOptions, "rank">),
  });
  // PEFT refuses these too: they would be ignored.
  if (
    config.layersToTransform &&
    typeof config.targets === "string" &&
    !isAllLinear(config.targets)
  )
    throw new TypeError(
      `${nameOf("layersToTransform")}: expected none beside a regular expression as targets, got some`,
    );
  if (config.layersPattern && !config.layersToTransform)
    throw new TypeError(
      `${nameOf("layersPattern")}: expected layersToTransform beside it, got none`,
    );
  expectPatterns(config, nameOf);
  return config;
}

/** Whether the targets are PEFT's short word for every linear module but the head. */
export const isAllLinear = (targets: readonly string[] | string): boolean =>
  typeof targets === "string" && targets.toLowerCase() === "all-linear";

function expectPatterns(config: AdapterConfig, nameOf: NameOf): void {
  for (const option of ["targets", "excludeModules"] as const) {
    const given = config[option];
    if (typeof given === "string" && !isAllLinear(given)) fullMatch(given, nameOf(option));
  }
  for (const option of ["rankPattern", "alphaPattern"] as const)
    for (const key of Object.keys(config[option])) fullMatch(key, nameOf(option));
  for (const option of ["layersPattern", "modulesToSave"] as const)
    for (const key of config[option] ?? []) fullMatch(key, nameOf(option));
}

const isKnown = (name: string): name is keyof LoraOptions => Object.hasOwn(KNOWN, name);

function positiveInteger(value: unknown): string | undefined {
  return Number.isInteger(value) && (value as number) > 0 ? undefined : "a positive integer";
}

function positive(value: unknown): string | undefined {
  const isOne = typeof value === "number" && value > 0 && value < Number.POSITIVE_INFINITY;
  return isOne ? undefined : "a positive number";
}

function flag(value: unknown): string | undefined {
  return typeof value === "boolean" ? undefined : "true or false";
}

function names(value: unknown): string | undefined {
  const isList = Array.isArray(value) && value.every((name) => typeof name === "string" && name);
  return isList ? undefined : "a list of names";
}

function namesOrPattern(value: unknown): string | undefined {
  if (typeof value === "string" && value !== "") return undefined;
  return names(value) && "a list of names or a regular expression";
}

function table(value: unknown, ofEach: (v: unknown) => string | undefined): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return "numbers by regular expression";
  const wrong = Object.entries(value).find(([, each]) => ofEach(each) !== undefined);
  return wrong && `${ofEach(wrong[1])} for ${shown(wrong[0])}`;
}

/** A value for a message; a text from a file may be long, and a list deep. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object" && value !== null) return "an object";
  // NaN and the infinities are no JSON.
  const text = (typeof value !== "number" && JSON.stringify(value)) || String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
