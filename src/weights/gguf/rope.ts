import { at } from "../../tensor/shapes.ts";
import { type ConfigJson, configReader } from "./hfConfig.ts";

/** Divisors of rope's frequencies by llama3's rule: 1, f, and between them in the middle. */
export function llama3Divisors(values: ConfigJson, theta: number, width: number): Float32Array {
  const read = configReader(values);
  const factor = read.number("factor");
  const low = read.number("low_freq_factor");
  const high = read.number("high_freq_factor");
  const original = read.number("original_max_position_embeddings");
  return Float32Array.from({ length: width / 2 }, (_, i) => {
    const wavelength = 2 * Math.PI * theta ** ((2 * i) / width);
    if (wavelength > original / low) return factor;
    if (wavelength < original / high) return 1;
    const s = (original / wavelength - low) / (high - low);
    return 1 / ((1 - s) / factor + s);
  });
}

/**
 * The settings that give these divisors, the way back from a GGUF file, which has only them: those
 * of the Llama 3 family (1, 4) with any factor and power of two as the original length. Where none
 * fits, longrope with the divisors themselves turns the same.
 */
export function ropeScalingOf(
  divisors: Float32Array,
  theta: number,
  contextLength: number,
): Readonly<Record<string, unknown>> {
  const width = 2 * divisors.length;
  const factor = at(divisors, divisors.length - 1);
  for (let original = 16; original <= 2 ** 20; original *= 2) {
    const values = {
      ...{ rope_type: "llama3", factor, low_freq_factor: 1, high_freq_factor: 4 },
      original_max_position_embeddings: original,
    };
    const again = llama3Divisors(values, theta, width);
    if (again.every((x, i) => Math.abs(x - at(divisors, i)) <= 1e-5 * x)) return values;
  }
  return {
    ...{ rope_type: "longrope", attention_factor: 1 },
    ...{ short_factor: [...divisors], long_factor: [...divisors] },
    original_max_position_embeddings: contextLength,
  };
}
