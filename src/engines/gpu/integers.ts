import type { TypedArray } from "../../tensor/tensor.ts";

/** From here on floats, which is what kernels count in, skip integers. */
const LARGEST = 2 ** 24;

/** Numbers for the device. @throws RangeError for an integer that it could not hold exactly */
export function exactly(data: TypedArray): TypedArray {
  if (!(data instanceof Int32Array)) return data;
  const lost = data.find((id) => Math.abs(id) > LARGEST);
  if (lost === undefined) return data;
  throw new RangeError(
    `GPU.js: expected integers from −${LARGEST} to ${LARGEST}, which floats hold exactly, got ${lost}`,
  );
}
