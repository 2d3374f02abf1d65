import { DataError } from "../tensor/errors.ts";
import type { TensorParts } from "../tensor/parts.ts";
import { at, sameShape } from "../tensor/shapes.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { show } from "./refuse.ts";
import { type Rows, reading, type WeightFile } from "./weightFile.ts";

/** Rows and columns that share a scale, as DeepSeek-V3 and the FP8 releases of Qwen3 have them. */
const BLOCK = 128;

const isFp8 = (type: string): boolean => type === "F8_E4M3" || type === "F8_E5M2";

/** @throws DataError for float8, whose numbers mean nothing without their scales */
export function refuseBareFp8(type: string, name: string, path: string): void {
  if (!isFp8(type)) return;
  throw new DataError(
    `${path}: expected the scales of ${show(name)} (${type}) as ${show(scaleName(name))}, one for each block of ${BLOCK} × ${BLOCK}, got none: use the bfloat16 release of this model`,
  );
}

const scaleName = (name: string): string => `${name}_scale_inv`;

/**
 * The file with its float8 matrices multiplied by their scales, which are no tensors of their own
 * any more. A float8 matrix without scales is refused when it is read.
 */
export function withScales(file: WeightFile, path: string): WeightFile {
  const all = new Set(file.names);
  const scaled = file.names.filter((name) => isFp8(file.dtypeOf(name)) && all.has(scaleName(name)));
  const scales = new Set(scaled.map(scaleName));
  const isScaled = new Set(scaled);
  return {
    ...file,
    names: file.names.filter((name) => !scales.has(name)),
    ...reading((name, rows) => {
      if (isScaled.has(name)) return streamScaled(file, path, name, rows);
      if (all.has(name)) refuseBareFp8(file.dtypeOf(name), name, path);
      return file.stream(name, rows);
    }),
  };
}

function streamScaled(file: WeightFile, path: string, name: string, rows?: Rows): TensorParts {
  const codes = file.stream(name, rows);
  return {
    ...{ shape: codes.shape, dtype: codes.dtype },
    async *parts() {
      const scales = await scalesOf(file, path, name);
      const width = at(codes.shape, 1);
      let place = (rows?.[0] ?? 0) * width;
      for await (const part of codes.parts()) {
        const numbers = Float32Array.from(part);
        for (let i = 0; i < numbers.length; i++, place++) {
          const row = Math.floor(place / width / BLOCK);
          const block = row * at(scales.shape, 1) + Math.floor((place % width) / BLOCK);
          numbers[i] = (numbers[i] as number) * (scales.data[block] as number);
        }
        yield numbers;
      }
    },
  };
}

async function scalesOf(file: WeightFile, path: string, name: string): Promise<Tensor> {
  const shape = file.shapeOf(name);
  const scales = await file.read(scaleName(name));
  const blocks = shape.map((length) => Math.ceil(length / BLOCK));
  if (shape.length !== 2 || scales.dtype !== "float" || !sameShape(scales.shape, blocks))
    throw new DataError(
      `${path}: expected ${show(scaleName(name))} of shape [${blocks}], one scale for each block of ${BLOCK} × ${BLOCK}, got [${scales.shape}]: use the bfloat16 release of this model`,
    );
  return scales;
}
