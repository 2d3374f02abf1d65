import { type Group, repetitionOf } from "../../src/compile/fuse.ts";
import type { Step, Value } from "../../src/compile/plan.ts";
import { sizeOf } from "../../src/tensor/shapes.ts";
import type { PrimitiveName } from "../../src/tensor/tensor.ts";
import type { DeviceTraits, LoweredName } from "./kernel.ts";
import { type Cell, cellsOf, eachLane, type Kernel, type Lanes, type Lowering } from "./kernel.ts";
import { lowerings } from "./table.ts";

/** One kernel for elementwise steps: each takes what others made from where they left it. */
export function fused({ steps, inputs, outputs }: Group, traits: DeviceTraits): Kernel {
  const lanes: Lanes = traits.wide ? 4 : 1;
  const extent = [Math.ceil(sizeOf((outputs[0] as Value).shape) / lanes)];
  return {
    reads: inputs.map((_, i) => i),
    extent,
    lanes,
    rows: outputs.length,
    body(cell) {
      const made = new Map<number, readonly string[]>();
      const read = (buffer: number): number => inputs.findIndex((x) => x.buffer === buffer);
      function own(buffer: number): readonly string[] {
        const known = made.get(buffer) ?? cell.load(read(buffer), cell.index, lanes);
        made.set(buffer, known);
        return known;
      }
      for (const step of steps) {
        const numbers =
          step.op === "broadcast"
            ? repeated(
                cell,
                step,
                read((step.inputs[0] as Value).buffer),
                lanes,
                cellsOf({ extent }),
              )
            : numbersOf(cell, step, traits, own, read);
        made.set(step.output.buffer, numbers.map(cell.declare));
      }
      return outputs.flatMap(({ buffer }) => made.get(buffer) as readonly string[]);
    },
  };
}

/** What the kernel of a step's own would compute, with its loads led to where the numbers are. */
function numbersOf(
  cell: Cell,
  { op, attrs, inputs, output }: Step,
  traits: DeviceTraits,
  own: (buffer: number) => readonly string[],
  read: (buffer: number) => number,
): readonly string[] {
  const lowering = lowerings[op as LoweredName] as Lowering<PrimitiveName>;
  const shapes = inputs.map(({ shape }) => shape);
  const [kernel] = lowering({ shapes, shape: output.shape, attrs, ...traits }) as [Kernel];
  const bufferOf = (i: number): number => (inputs[kernel.reads[i] as number] as Value).buffer;
  return kernel.body({
    ...cell,
    load: (i) => own(bufferOf(i)),
    at: (i, place) => cell.at(read(bufferOf(i)), place),
  });
}

/** The numbers of a broadcast at a cell's place. */
function repeated(
  cell: Cell,
  { inputs, output }: Step,
  read: number,
  lanes: Lanes,
  cells: number,
): readonly string[] {
  const from = (inputs[0] as Value).shape;
  const { kind, inner } = repetitionOf(from, output.shape) as { kind: string; inner: number };
  const at = (place: string, length: number, below: number): string =>
    cell.divide(place, length, below)[kind === "each" ? 0 : 1];
  if (sizeOf(from) === 1) {
    const number = cell.at(read, "0");
    return eachLane(lanes, () => number);
  }
  if (inner % lanes !== 0)
    return eachLane(lanes, (lane) =>
      cell.at(read, at(cell.declare(`${cell.index} * ${lanes} + ${lane}`), inner, cells * lanes)),
    );
  const place = at(cell.index, inner / lanes, cells);
  if (kind === "whole") return cell.load(read, place, lanes);
  const number = cell.at(read, place);
  return eachLane(lanes, () => number);
}
