import { expectNames, expectOneOf, inFloat32, isFloat32 } from "../tensor/options.ts";
import { isCount } from "../tensor/shapes.ts";
import type { FullConfig, LayerType, TransformerConfig } from "./config.ts";
import { expectEpsilon } from "./functions.ts";
import { expectScaling } from "./ropeScaling.ts";

/** Ten times as many as the deepest that were ever trained: a file that asks for more is broken. */
export const MOST_LAYERS = 10_000;

/** What has no default. */
const NEEDED = [
  "vocabSize",
  "contextLength",
  "layers",
  "heads",
  "width",
] satisfies (keyof FullConfig)[];

/** Fills in defaults. @throws RangeError, TypeError that name what cannot be, or is not known */
export function completeConfig(config: TransformerConfig): FullConfig {
  const { width, heads } = config;
  const layers = isCount(config.layers) && config.layers <= MOST_LAYERS ? config.layers : 0;
  const defaults = {
    kvHeads: heads,
    hidden: 8 * Math.ceil(width / 3),
    headDim: width / heads,
    ropeTheta: 10000,
    ropeScaling: null,
    rotaryChannels: config.headDim ?? width / heads,
    slidingRope: null,
    ropeLayers: Array<boolean>(layers).fill(true),
    positions: "rotary",
    window: null,
    layerTypes: Array<LayerType>(layers).fill("full"),
    epsilon: 1e-5,
    norm: "rms",
    normPlacement: "pre",
    qkNorm: false,
    tieEmbeddings: false,
    qkvBias: false,
    outputBias: false,
    mlpBias: false,
    activation: "silu",
    gated: true,
    attentionScale: 1 / Math.sqrt(config.headDim ?? width / heads),
    attentionSoftcap: null,
    logitSoftcap: null,
    embeddingScale: 1,
    residualScale: 1,
    logitScale: 1,
    linearInputs: "float",
    storage: "separate",
    adapter: {},
    previousTokenEmbedding: false,
    gradientCheckpointing: false,
  } satisfies Partial<FullConfig>;
  expectNames("transformer", config, [...NEEDED, ...Object.keys(defaults)]);
  const full: FullConfig = { ...defaults, ...config };
  for (const name of SIZES) {
    const size = full[name];
    const hint = name === "headDim" ? " (width / heads unless given)" : "";
    if (!(Number.isInteger(size) && size > 0))
      throw new RangeError(
        `transformer: expected ${name}${hint} to be a positive integer, got ${size}`,
      );
  }
  if (full.layers > MOST_LAYERS)
    throw new RangeError(`transformer: expected at most ${MOST_LAYERS} layers, got ${full.layers}`);
  if (full.vocabSize > 2 ** 31)
    throw new RangeError(
      `transformer: expected a vocabSize of ids of 32 bits, got ${full.vocabSize}`,
    );
  if (full.heads % full.kvHeads !== 0)
    throw new RangeError(
      `transformer: expected kvHeads to divide heads ${full.heads}, got ${full.kvHeads}`,
    );
  if (full.linearInputs === "q8_0") expectBlocks(full);
  if (full.positions === "rotary") expectRope(full);
  expectLayers(full);
  expectEpsilon("transformer", full.epsilon);
  expectChoices(full);
  expectScales(full);
  return Object.freeze(full);
}

/** Inputs of linear layers that are rounded in blocks are whole blocks. */
function expectBlocks({ width, hidden, heads, headDim }: FullConfig): void {
  for (const [name, size] of Object.entries({ width, hidden, "heads · headDim": heads * headDim }))
    if (size % 32 !== 0)
      throw new RangeError(
        `transformer: expected ${name} to be a multiple of 32 for linearInputs q8_0, got ${size}`,
      );
}

const CHOICES = {
  positions: ["rotary", "learned"],
  norm: ["rms", "rmsOnePlus", "layer"],
  normPlacement: ["pre", "post", "sandwich"],
  activation: ["silu", "gelu"],
  storage: ["separate", "fused", "gpt2"],
  linearInputs: ["float", "q8_0"],
} as const satisfies { readonly [K in keyof FullConfig]?: readonly FullConfig[K][] };

const FLAGS = [
  ...(["tieEmbeddings", "qkvBias", "outputBias", "mlpBias", "gated"] as const),
  "previousTokenEmbedding",
] as const;

function expectChoices(full: FullConfig): void {
  for (const [name, known] of Object.entries(CHOICES))
    expectOneOf(`transformer: ${name}`, full[name as keyof typeof CHOICES], known);
  if (full.qkNorm !== false) expectOneOf("transformer: qkNorm", full.qkNorm, ["head", "width"]);
  for (const type of full.layerTypes)
    expectOneOf("transformer: layerTypes", type, ["full", "sliding"]);
  for (const name of FLAGS)
    if (typeof full[name] !== "boolean")
      throw new TypeError(`transformer: expected ${name} to be true or false, got ${full[name]}`);
}

/** What multiplies, and what bounds. */
function expectScales(full: FullConfig): void {
  const { attentionScale, embeddingScale, residualScale, logitScale } = full;
  for (const [name, x] of Object.entries({
    attentionScale,
    embeddingScale,
    residualScale,
    logitScale,
  }))
    if (!isFloat32(x))
      throw new RangeError(`transformer: expected a finite ${name}, got ${inFloat32(x)}`);
  const { attentionSoftcap, logitSoftcap } = full;
  for (const [name, c] of Object.entries({ attentionSoftcap, logitSoftcap }))
    if (c !== null && !(c > 0 && isFloat32(c) && isFloat32(1 / c)))
      throw new RangeError(
        `transformer: expected ${name} to be null or finite and > 0, got ${inFloat32(c)}`,
      );
}

function expectRope({ headDim, rotaryChannels, ropeTheta, ropeScaling, slidingRope }: FullConfig) {
  if (rotaryChannels === headDim && headDim % 2 !== 0)
    throw new RangeError(`transformer: expected an even headDim, got ${headDim}`);
  if (!(isCount(rotaryChannels / 2) && rotaryChannels > 0 && rotaryChannels <= headDim))
    throw new RangeError(
      `transformer: expected rotaryChannels even and at most headDim ${headDim}, got ${rotaryChannels}`,
    );
  const ropes = [{ theta: ropeTheta, scaling: ropeScaling }, ...(slidingRope ? [slidingRope] : [])];
  for (const { theta, scaling } of ropes) {
    if (!(theta > 0 && Number.isFinite(theta)))
      throw new RangeError(`transformer: expected ropeTheta > 0, got ${theta}`);
    if (scaling) expectScaling(scaling, rotaryChannels);
  }
}

function expectLayers({ layers, layerTypes, ropeLayers, window }: FullConfig): void {
  for (const [name, list] of Object.entries({ layerTypes, ropeLayers })) {
    if (list.length !== layers)
      throw new RangeError(
        `transformer: expected ${name} for ${layers} layers, got ${list.length} of them`,
      );
  }
  if (window !== null && !(isCount(window) && window > 0))
    throw new RangeError(`transformer: expected window to be a positive integer, got ${window}`);
  if (window === null && layerTypes.includes("sliding"))
    throw new RangeError("transformer: expected a window for sliding layers, got null");
}

const SIZES = [
  "vocabSize",
  "contextLength",
  "layers",
  "width",
  "heads",
  "kvHeads",
  "headDim",
  "hidden",
] as const;
