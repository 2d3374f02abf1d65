import {
  architectureOf,
  type ConfigJson,
  configReader,
  headOf,
  type RopeJson,
  ropeOf,
} from "./hfConfig.ts";
import type { Architecture } from "./names.ts";
import type { GgufMetadata, GgufType, GgufValue } from "./types.ts";

/** Metadata, the types it needs, and what of the model it cannot say. */
export interface GgufKeys {
  readonly metadata: GgufMetadata;
  readonly types: Readonly<Record<string, GgufType>>;
  readonly warnings: readonly string[];
}

type Pairs = Readonly<Record<string, GgufValue | undefined>>;

/**
 * The metadata of a model from its config.json, without that of its tokenizer.
 * @throws DataError for a model type that is not known, and for values that are missing
 */
export function ggufKeys(config: ConfigJson): GgufKeys {
  const arch = architectureOf(config);
  const { ints, floats, texts } = arch === "gpt2" ? gpt2Keys(config) : decoderKeys(config, arch);
  const prefixed = (pairs: Pairs): [string, GgufValue][] =>
    Object.entries(pairs).flatMap(([key, value]) =>
      value === undefined ? [] : [[`${arch}.${key}`, value] as [string, GgufValue]],
    );
  return {
    metadata: {
      "general.architecture": arch,
      ...Object.fromEntries([...prefixed(ints), ...prefixed(floats), ...prefixed(texts)]),
    },
    types: Object.fromEntries(prefixed(floats).map(([key]) => [key, "float32"])),
    warnings: warningsOf(config, arch),
  };
}

interface Keys {
  readonly ints: Pairs;
  readonly floats: Pairs;
  readonly texts: Pairs;
}

function decoderKeys(config: ConfigJson, arch: Architecture): Keys {
  const read = configReader(config);
  const { width, turned } = headOf(config);
  const heads = read.number("num_attention_heads");
  const rope = ropeOf(config, arch);
  const isGemma = arch === "gemma2" || arch === "gemma3";
  const scaling = ropeKeys(config, arch, rope);
  const epsilon = arch === "phi3" || arch === "olmo2" ? 1e-5 : 1e-6;
  return {
    ints: {
      block_count: read.number("num_hidden_layers"),
      context_length: read.number("max_position_embeddings"),
      embedding_length: read.number("hidden_size"),
      feed_forward_length: read.number("intermediate_size"),
      "attention.head_count": heads,
      "attention.head_count_kv": read.number("num_key_value_heads", heads),
      "rope.dimension_count": turned,
      "attention.key_length": width,
      "attention.value_length": width,
      vocab_size: read.number("vocab_size"),
      "attention.sliding_window":
        isGemma || arch === "phi3"
          ? (read.optional("sliding_window") ?? (isGemma ? 4096 : undefined))
          : undefined,
      ...scaling.ints,
    },
    floats: {
      "attention.layer_norm_rms_epsilon": read.number("rms_norm_eps", epsilon),
      "rope.freq_base": rope.theta,
      ...scaling.floats,
      ...(arch === "gemma2" && {
        attn_logit_softcapping: read.number("attn_logit_softcapping", 50),
        final_logit_softcapping: read.number("final_logit_softcapping", 30),
      }),
      ...(arch === "granite" && {
        "attention.scale": read.number("attention_multiplier", 1),
        embedding_scale: read.number("embedding_multiplier", 1),
        residual_scale: read.number("residual_multiplier", 1),
        logit_scale: read.number("logits_scaling", 1),
      }),
    },
    texts: scaling.texts,
  };
}

function ropeKeys(config: ConfigJson, arch: Architecture, { type, values }: RopeJson): Keys {
  const scaling = configReader(values);
  const positions = configReader(config).number("max_position_embeddings");
  const original =
    configReader(config).optional("original_max_position_embeddings") ??
    scaling.number("original_max_position_embeddings", positions);
  if (type === "linear")
    return {
      ints: {},
      floats: { "rope.scaling.factor": scaling.number("factor") },
      texts: { "rope.scaling.type": "linear" },
    };
  if (type === "yarn") {
    const factor = scaling.number("factor", positions / original);
    const given = yarnAttention(scaling, factor);
    return {
      ints: { "rope.scaling.original_context_length": original },
      floats: {
        "rope.scaling.factor": factor,
        "rope.scaling.attn_factor": given === undefined ? undefined : given / grown(factor),
        "rope.scaling.yarn_beta_fast": scaling.optional("beta_fast"),
        "rope.scaling.yarn_beta_slow": scaling.optional("beta_slow"),
      },
      texts: { "rope.scaling.type": "yarn" },
    };
  }
  if (type === "longrope" && arch === "phi3") {
    const factor = scaling.number("factor", positions / original);
    const own = factor > 1 ? Math.sqrt(1 + Math.log(factor) / Math.log(original)) : 1;
    return {
      ints: { "rope.scaling.original_context_length": original },
      floats: { "rope.scaling.attn_factor": scaling.number("attention_factor", own) },
      texts: {},
    };
  }
  return { ints: {}, floats: {}, texts: {} };
}

/** What YaRN has cosines and sines grow by, which llama.cpp does by itself. */
const grown = (factor: number, m = 1): number => (factor <= 1 ? 1 : 0.1 * m * Math.log(factor) + 1);

/** Where a config wants another growth. */
function yarnAttention(
  scaling: ReturnType<typeof configReader>,
  factor: number,
): number | undefined {
  const given = scaling.optional("attention_factor");
  const [m, all] = [scaling.optional("mscale"), scaling.optional("mscale_all_dim")];
  if (given) return given;
  return m && all ? grown(factor, m) / grown(factor, all) : undefined;
}

function gpt2Keys(config: ConfigJson): Keys {
  const read = configReader(config);
  const width = read.number("n_embd");
  return {
    ints: {
      block_count: read.number("n_layer"),
      context_length: read.number("n_positions", read.optional("n_ctx")),
      embedding_length: width,
      feed_forward_length: read.number("n_inner", 4 * width),
      "attention.head_count": read.number("n_head"),
      vocab_size: read.number("vocab_size"),
    },
    floats: { "attention.layer_norm_epsilon": read.number("layer_norm_epsilon", 1e-5) },
    texts: {},
  };
}

/** What llama.cpp computes otherwise than the model, because no key says it. */
function warningsOf(config: ConfigJson, arch: Architecture): string[] {
  if (arch === "gpt2") return [];
  const read = configReader(config);
  const { type, values, localTheta } = ropeOf(config, arch);
  const { width } = headOf(config);
  const layers = read.number("num_hidden_layers");
  const warnings: string[] = [];
  const warn = (isSo: boolean, what: string): unknown => isSo && warnings.push(`gguf: ${what}`);
  const window = read.optional("sliding_window");
  const isShort = window !== undefined && window < read.number("max_position_embeddings");
  const usesWindow = /^qwen|^smollm3/.test(arch)
    ? read.flag("use_sliding_window")
    : config["model_type"] === "mistral" || arch === "phi3";
  warn(
    isShort && usesWindow,
    `llama.cpp attends to everything in ${arch}: the sliding window of ${window} is lost, and texts longer than it get other answers`,
  );
  const isExpressible =
    type === "default" || type === "linear" || type === "yarn"
      ? true
      : type === "llama3"
        ? ["llama", "granite"].includes(arch)
        : type === "longrope" && arch === "phi3";
  warn(!isExpressible, `rope of type ${type} cannot be said for ${arch}: it is lost`);
  const scale = read.number("query_pre_attn_scalar", 256);
  const expected =
    layers === 46 ? read.number("hidden_size") / read.number("num_attention_heads") : width;
  warn(
    /^gemma/.test(arch) && scale !== expected,
    `llama.cpp scales ${arch}'s scores by ${expected}^-½, this model by ${scale}^-½`,
  );
  if (arch === "gemma3") {
    const pattern = read.number("sliding_window_pattern", 6);
    const types = config["layer_types"];
    const isOther = Array.isArray(types)
      ? types.some((kind, i) => (kind === "full_attention") !== ((i + 1) % 6 === 0))
      : pattern !== 6;
    warn(
      isOther,
      "llama.cpp has every sixth layer of gemma3 attend to everything, this model others",
    );
    warn((localTheta ?? 1e4) !== 1e4, `rope_local_base_freq ${localTheta} is lost: 10000 there`);
    for (const key of ["attn_logit_softcapping", "final_logit_softcapping"])
      warn(read.optional(key) !== undefined, `${key} is lost for gemma3`);
  }
  if (arch === "smollm3") {
    const given = config["no_rope_layers"];
    const isOther = Array.isArray(given)
      ? given.some((turns, i) => (turns === 1) === ((i + 1) % 4 === 0))
      : read.number("no_rope_layer_interval", 4) !== 4;
    warn(isOther, "llama.cpp leaves every fourth layer of smollm3 without rope, this model others");
  }
  warn(arch !== "llama" && read.flag("mlp_bias"), `biases of the MLP are not read for ${arch}`);
  warn(values["truncate"] === false, "yarn's truncate false is lost");
  return warnings;
}
