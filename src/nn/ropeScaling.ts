/** Wavelengths of rotary positions. */
export interface Rope {
  readonly theta: number;
  readonly scaling: RopeScaling | null;
}

/**
 * How inverse wavelengths inv_i = theta^(−2i/d) are changed so that longer sequences than those of
 * pre-training, originalLength, can be read. Names are those of Hugging Face's rope_type.
 */
export type RopeScaling =
  | {
      /** inv / factor. */
      readonly type: "linear";
      readonly factor: number;
    }
  | {
      /** Divides the long wavelengths' inverses alone (Llama 3.1). */
      readonly type: "llama3";
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalLength: number;
    }
  | {
      /** A ramp between both, and larger scores. @see https://arxiv.org/abs/2309.00071 */
      readonly type: "yarn";
      readonly factor: number;
      readonly attentionFactor: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      readonly originalLength: number;
      /** The ramp begins and ends at whole channels. */
      readonly truncate: boolean;
    }
  | {
      /** A divisor for each channel, one list for sequences up to originalLength, one beyond. */
      readonly type: "longrope";
      readonly shortFactors: readonly number[];
      readonly longFactors: readonly number[];
      readonly attentionFactor: number;
      readonly originalLength: number;
    }
  | {
      /** A theta that grows with the sequence beyond originalLength. */
      readonly type: "dynamic";
      readonly factor: number;
      readonly originalLength: number;
    };

/** d/2 inverse wavelengths, and what cosines and sines are multiplied with. */
export interface Frequencies {
  readonly inverse: readonly number[];
  readonly amplitude: number;
}

/**
 * @param d channels that turn, even
 * @param length of the sequence, tokens; read by longrope and dynamic alone
 * @see modeling_rope_utils.py of transformers
 */
export function frequencies({ theta, scaling }: Rope, d: number, length: number): Frequencies {
  const at = (base: number) => Array.from({ length: d / 2 }, (_, i) => base ** ((-2 * i) / d));
  const plain = at(theta);
  switch (scaling?.type) {
    case undefined:
      return { inverse: plain, amplitude: 1 };
    case "linear":
      return { inverse: plain.map((inv) => inv / scaling.factor), amplitude: 1 };
    case "llama3":
      return { inverse: plain.map((inv) => llama3(inv, scaling)), amplitude: 1 };
    case "yarn": {
      const ramp = yarnRamp(scaling, d, theta);
      const inverse = plain.map((inv, i) => inv * (ramp(i) / scaling.factor + 1 - ramp(i)));
      return { inverse, amplitude: scaling.attentionFactor };
    }
    case "longrope": {
      const factors = length > scaling.originalLength ? scaling.longFactors : scaling.shortFactors;
      const inverse = plain.map((inv, i) => inv / (factors[i] ?? 1));
      return { inverse, amplitude: scaling.attentionFactor };
    }
    case "dynamic":
      return { inverse: at(dynamicTheta(theta, scaling, d, length)), amplitude: 1 };
  }
}

type ScalingOf<T extends RopeScaling["type"]> = Extract<RopeScaling, { readonly type: T }>;

function llama3(inverse: number, scaling: ScalingOf<"llama3">): number {
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high } = scaling;
  const turns = (scaling.originalLength * inverse) / (2 * Math.PI); // in originalLength tokens
  if (turns < low) return inverse / factor;
  if (turns > high) return inverse;
  const share = (turns - low) / (high - low);
  return inverse * ((1 - share) / factor + share);
}

/** How far channel i is scaled: 0 not at all, 1 wholly. */
function yarnRamp(scaling: ScalingOf<"yarn">, d: number, theta: number): (i: number) => number {
  const { betaFast, betaSlow, originalLength, truncate } = scaling;
  const channel = (turns: number) =>
    (d * Math.log(originalLength / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const [first, last] = [channel(betaFast), channel(betaSlow)];
  const low = Math.max(truncate ? Math.floor(first) : first, 0);
  const high = Math.min(truncate ? Math.ceil(last) : last, d - 1);
  const width = high === low ? 0.001 : high - low; // as transformers avoids 0/0
  return (i) => Math.min(Math.max((i - low) / width, 0), 1);
}

function dynamicTheta(
  theta: number,
  { factor, originalLength }: ScalingOf<"dynamic">,
  d: number,
  length: number,
): number {
  const stretch = (factor * Math.max(length, originalLength)) / originalLength - factor + 1;
  return theta * stretch ** (d / (d - 2));
}

export type DynamicScaling = ScalingOf<"dynamic">;

/** The scaling where angles of sequences of up to so many tokens depend on their length, else null. */
export function scalingByLength(
  { scaling }: Rope,
  longest: number,
): DynamicScaling | ScalingOf<"longrope"> | null {
  if (scaling?.type !== "longrope" && scaling?.type !== "dynamic") return null;
  return longest > scaling.originalLength ? scaling : null;
}

/** @throws RangeError that names what cannot be */
export function expectScaling(scaling: RopeScaling, d: number): void {
  const { type, ...rest } = scaling;
  for (const [name, value] of Object.entries(rest)) {
    const bad = [value].flat().find((x) => typeof x === "number" && !(x > 0));
    if (bad !== undefined)
      throw new RangeError(`transformer: expected ${type}'s ${name} > 0, got ${bad}`);
    if (Array.isArray(value) && value.length !== d / 2)
      throw new RangeError(
        `transformer: expected ${d / 2} ${name}, one for each pair of channels, got ${value.length}`,
      );
  }
  if (type === "dynamic" && d <= 2)
    throw new RangeError(`transformer: expected more than 2 channels for dynamic rope, got ${d}`);
}
