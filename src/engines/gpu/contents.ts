import { codeBytes, codeSize, codesOf, isStorageType } from "../../tensor/storage/types.ts";
import type { DType, TypedArray } from "../../tensor/tensor.ts";
import type { Span } from "../device.ts";
import type { Driver } from "./driver.ts";
import { exactly } from "./integers.ts";

// Numbers, ids and codes of storage types to and from a device. Places and lengths are counted in the
// elements of their arrays on the host.

/** @throws RangeError for more than the device takes */
export const allocated = <M>(driver: Driver<M>, length: number, dtype: DType): M =>
  isStorageType(dtype) ? driver.codes.allocate(codeSize(dtype) * length) : driver.allocate(length);

/** @throws RangeError for an integer that floats do not hold */
export function writeTo<M>(
  driver: Driver<M>,
  memory: M,
  from: number,
  data: TypedArray,
  dtype: DType,
): void {
  if (isStorageType(dtype)) driver.codes.write(memory, codeSize(dtype) * from, codeBytes(data));
  else driver.write(memory, from, exactly(data));
}

/** A tensor of these numbers or codes. @throws RangeError */
export function uploaded<M>(driver: Driver<M>, data: TypedArray, dtype: DType): M {
  if (!isStorageType(dtype)) exactly(data);
  const memory = allocated(driver, data.length, dtype);
  writeTo(driver, memory, 0, data, dtype);
  return memory;
}

export async function readBack<M>(
  driver: Driver<M>,
  memory: M,
  dtype: DType,
  [from, to]: Span,
): Promise<TypedArray> {
  if (isStorageType(dtype)) {
    const span = [codeSize(dtype) * from, codeSize(dtype) * to] as const;
    return codesOf(dtype, await driver.codes.read(memory, span));
  }
  const numbers = await driver.read(memory, [from, to]);
  return dtype === "int" ? Int32Array.from(numbers) : numbers;
}
