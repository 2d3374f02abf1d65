import type { Shape } from "../../../src/tensor/tensor.ts";
import { eachLane, type Kernel, type Lanes, lanesFor } from "../kernel.ts";

/** An axis of a result, and how far one step along it is in the source. */
interface Axis {
  readonly length: number;
  readonly stride: number;
}

/**
 * Result[i, j, …] = source[offset + i · strides[0] + j · strides[1] + …].
 * @param read which tensor is the source
 */
export function strided(
  wide: boolean,
  shape: Shape,
  strides: readonly number[],
  { offset = 0, read = 0 }: { offset?: number; read?: number } = {},
): Kernel {
  const axes = merged(shape.map((length, i) => ({ length, stride: strides[i] as number })));
  const outer = axes.slice(0, -1);
  const last = axes.at(-1) ?? { length: 1, stride: 1 };
  const lanes = lanesOf(wide, axes, offset);
  return {
    reads: [read],
    extent: [...outer.map((axis) => axis.length), last.length / lanes],
    lanes,
    body(cell, ...at) {
      if (last.stride === 0) {
        const x = cell.at(0, sumOf(at.slice(0, -1), outer, offset, 1));
        return eachLane(lanes, () => x);
      }
      return cell.load(0, sumOf(at, axes, offset, lanes), lanes);
    },
  };
}

/** Whether four neighbours of the result are one texel of the source, or one number of it. */
function lanesOf(wide: boolean, axes: readonly Axis[], offset: number): Lanes {
  const last = axes.at(-1);
  if (!last || last.stride > 1) return 1;
  if (last.stride === 0) return lanesFor(wide, last.length);
  const steps = axes.slice(0, -1).map((axis) => axis.stride);
  return lanesFor(wide, last.length, offset, ...steps);
}

function sumOf(at: readonly string[], axes: readonly Axis[], offset: number, lanes: Lanes): string {
  const terms = axes.flatMap(({ stride }, i) => {
    const step = stride === 1 ? 1 : stride / lanes;
    return stride === 0 ? [] : step === 1 ? [at[i] as string] : [`${at[i]} * ${step}`];
  });
  return [...terms, ...(offset > 0 || terms.length === 0 ? [`${offset / lanes}`] : [])].join(" + ");
}

/** Neighbouring axes that are one axis of the source become one; axes of length 1 go. */
function merged(axes: readonly Axis[]): readonly Axis[] {
  const [first, second, ...rest] = axes.filter((axis) => axis.length !== 1);
  if (!first) return [];
  if (!second) return [first];
  if (first.stride !== second.length * second.stride) return [first, ...merged([second, ...rest])];
  const both = { length: first.length * second.length, stride: second.stride };
  return merged([both, ...rest]);
}
