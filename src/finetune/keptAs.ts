import type { Engine } from "../engines/engine.ts";
import type { PlaceParts } from "../nn/huggingFace/paramsFrom.ts";
import { roundedParts, type TensorParts, wholeOf } from "../tensor/parts.ts";
import type { StorageType, Tensor } from "../tensor/tensor.ts";

/**
 * How an engine holds a model's matrices: in float32, or in a storage type of 2 bytes a number (bf16,
 * f16) or 1.06 (q8_0). `file`: as the files have them, where that is one of these, else float32.
 */
export type WeightsDtype = "f32" | StorageType | "file";

export const WEIGHTS_DTYPES = ["f32", "bf16", "f16", "q8_0"] as const;

/** Kernels of wasm and webgpu read what is stored; other engines would widen it before each product. */
export const usualDtype = ({ backend }: Pick<Engine, "backend">): WeightsDtype =>
  backend === "wasm" || backend === "webgpu" ? "file" : "f32";

/**
 * A parameter as it is to be held. Vectors stay as they are: they are small, and added to or multiplied
 * with everything. What q8_0's blocks of 32 do not fit becomes f16, as in GGUF files.
 */
export function keptAs(parts: TensorParts, dtype: WeightsDtype): TensorParts {
  const wanted = dtype === "file" ? parts.kept : dtype === "f32" ? undefined : dtype;
  if (!wanted || parts.shape.length < 2 || parts.dtype !== "float") return parts;
  const fits = wanted !== "q8_0" || (parts.shape.at(-1) ?? 1) % 32 === 0;
  return roundedParts(parts, fits ? wanted : "f16");
}

/** Does work that places parameters; where it fails, those that it placed on the engine are freed. */
export async function placing<T>(
  engine: Engine | undefined,
  work: (place: PlaceParts) => Promise<T>,
): Promise<T> {
  const placed: Tensor[] = [];
  try {
    return await work(async (parts, name) => {
      if (!engine) return wholeOf(parts, name);
      const there = await engine.putParts(parts);
      placed.push(there);
      return there;
    });
  } catch (error) {
    engine?.release(placed);
    throw error;
  }
}
