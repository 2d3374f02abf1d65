import { codeBytes, codeSize, codesOf, isStorageType } from "../../../tensor/storage/types.ts";
import type { DType, TypedArray } from "../../../tensor/tensor.ts";
import type { Span } from "../../device.ts";
import type { Memory } from "./memory.ts";
import type { Ownership, WasmBuffer } from "./ownership.ts";

/** Bytes of an array's numbers in the engine's memory; codes lie there as they are. */
export const bytesOfData = (data: TypedArray, dtype: DType): number =>
  isStorageType(dtype) ? data.byteLength : 4 * data.length;

/** Writes numbers or codes to an address that has room for them. */
export function write(memory: Memory, address: number, data: TypedArray, dtype: DType): void {
  if (isStorageType(dtype)) memory.bytes().set(codeBytes(data), address);
  else (dtype === "int" ? memory.words() : memory.floats()).set(data, address / 4);
}

/** Takes memory for an array and copies it there. */
export function upload(
  memory: Memory,
  ownership: Ownership,
  data: TypedArray,
  dtype: DType,
): WasmBuffer {
  const buffer = ownership.own(bytesOfData(data, dtype));
  write(memory, buffer.address, data, dtype);
  return buffer;
}

/** Bytes of an element of a tensor's array on the host, as they lie in memory. */
export const unitBytes = (dtype: DType): number => (isStorageType(dtype) ? codeSize(dtype) : 4);

/** A copy of the numbers or codes in a buffer. @param span only those from the first to the second */
export function read(
  memory: Memory,
  { address, bytes }: WasmBuffer,
  dtype: DType,
  span?: Span,
): TypedArray {
  const unit = unitBytes(dtype);
  const [from, to] = span ?? [0, bytes / unit];
  const [start, end] = [address + unit * from, address + unit * to];
  if (dtype === "int") return memory.words().slice(start / 4, end / 4);
  if (dtype === "float") return memory.floats().slice(start / 4, end / 4);
  return codesOf(dtype, memory.bytes().slice(start, end));
}
