import { type Group, repetitionOf } from "../../src/compile/fuse.ts";
import type { Step, Value } from "../../src/compile/plan.ts";
import { at, last, sizeOf } from "../../src/tensor/shapes.ts";
import type { PrimitiveName } from "../../src/tensor/tensor.ts";
import { traits as facts } from "../../src/tensor/traits.ts";
import {
  type Cell,
  cellsOf,
  type DeviceTraits,
  eachLane,
  type Kernel,
  type Lanes,
  type LoweredName,
  type Lowering,
} from "./kernel.ts";
import { endingSource } from "./source.ts";
import { lowerings } from "./table.ts";

/** The kernels of one step; they read its inputs by position. */
export function kernelsOf(
  { op, attrs, inputs, output }: Step,
  traits: DeviceTraits,
): readonly Kernel[] {
  const lowering = lowerings[op as LoweredName] as Lowering<PrimitiveName>;
  const shapes = inputs.map(({ shape }) => shape);
  const dtypes = inputs.map(({ dtype }) => dtype);
  return lowering({ shapes, dtypes, shape: output.shape, attrs, ...traits });
}

const lanesOf = ({ wide }: DeviceTraits): Lanes => (wide ? 4 : 1);

const isElementwise = ({ op }: Step): boolean => op === "broadcast" || facts[op].elementwise;

/**
 * Whether elementwise steps can go on from where the last kernel of a step has its numbers: each cell
 * has those of its own place, as many as cells of elementwise kernels, and it reads no more than the step
 * does and one result of another kernel. A slice may be a window, which takes no launch.
 */
export function leads(step: Step, traits: DeviceTraits): boolean {
  const { op, inputs, output } = step;
  const isEmpty = [output, ...inputs].some(({ shape }) => sizeOf(shape) === 0);
  if (isEmpty || isElementwise(step) || op === "slice" || !(op in lowerings)) return false;
  const { reads, lanes, rows = 1, places, extent, shader } = last(kernelsOf(step, traits));
  const cells = Math.ceil(sizeOf(output.shape) / lanesOf(traits));
  const isInPlace = lanes === lanesOf(traits) && rows === 1 && !places;
  const isReading = reads.length <= 1 + new Set(inputs.map(({ buffer }) => buffer)).size;
  const isOpen = shader === undefined || shader.ended !== undefined;
  return isInPlace && isReading && isOpen && cellsOf({ extent }) === cells;
}

/**
 * The kernels of steps that are computed together: elementwise ones take what others made from where they
 * left it, the first from where the last kernel of a step of another kind has it.
 */
export function fused(group: Group, traits: DeviceTraits): readonly Kernel[] {
  const leader = group.steps.find((step) => !isElementwise(step));
  const steps = group.steps.filter((step) => step !== leader);
  const places = placesRead(group, steps);
  if (!leader) return [kernelOf(group, steps, places, traits)];
  const positionOf = ({ buffer }: Value): number =>
    group.inputs.findIndex((x) => x.buffer === buffer);
  const own = kernelsOf(leader, traits).map(
    (kernel): Kernel => ({
      ...kernel,
      reads: kernel.reads.map((x) => (x < 0 ? x : positionOf(at(leader.inputs, x)))),
    }),
  );
  return own.with(-1, led(group, leader, steps, places, last(own), traits));
}

/** Positions of what steps read of what the group is given. */
function placesRead({ inputs }: Group, steps: readonly Step[]): readonly number[] {
  const read = new Set(steps.flatMap((step) => step.inputs.map(({ buffer }) => buffer)));
  return inputs.flatMap(({ buffer }, i) => (read.has(buffer) ? [i] : []));
}

/** The last kernel of a step, which goes on with elementwise ones. */
function led(
  group: Group,
  leader: Step,
  steps: readonly Step[],
  places: readonly number[],
  kernel: Kernel,
  traits: DeviceTraits,
): Kernel {
  const { buffer } = leader.output;
  const before = kernel.reads.length;
  const given: Given = (cell, ...at) => [buffer, kernel.body(cell, ...at)];
  const together: Kernel = {
    ...kernelOf(group, steps, places, traits, { given, before }),
    reads: [...kernel.reads, ...places],
    extent: kernel.extent,
  };
  const { shader } = kernel;
  if (!shader?.ended) return together;
  // The numbers that the shader has are what the last of the ending's tensors would be.
  const has: Given = (cell) => [buffer, cell.load(places.length, cell.index, 4)];
  const after = kernelOf(group, steps, places, traits, { given: has, before: 0 });
  const sizes = places.map((i) => sizeOf(at(group.inputs, i).shape));
  const reads = [...places, places.length];
  const code = shader.ended(endingSource({ ...after, reads }, sizes, before));
  return { ...together, shader: { code, workgroups: shader.workgroups } };
}

/** What a cell has before elementwise steps: numbers of a buffer. */
type Given = (cell: Cell, ...at: string[]) => readonly [buffer: number, numbers: readonly string[]];

interface Before {
  readonly given: Given;
  /** Tensors that it reads, before those of the elementwise steps. */
  readonly before: number;
}

/** A kernel for elementwise steps. @param places of what they read in the group's inputs */
function kernelOf(
  { inputs, outputs }: Group,
  steps: readonly Step[],
  places: readonly number[],
  traits: DeviceTraits,
  { given, before }: Partial<Before> = {},
): Kernel {
  const lanes = lanesOf(traits);
  const cells = Math.ceil(sizeOf(at(outputs, 0).shape) / lanes);
  const first = before ?? 0;
  const positions = new Map(places.map((place, i) => [at(inputs, place).buffer, first + i]));
  return {
    reads: places,
    extent: [cells],
    lanes,
    rows: outputs.length,
    body(cell, ...at) {
      const made = new Map<number, readonly string[]>();
      if (given) {
        const [buffer, numbers] = given(cell, ...at);
        made.set(buffer, numbers.map(cell.declare));
      }
      const read = (buffer: number): number => positions.get(buffer) ?? -1;
      function own(buffer: number): readonly string[] {
        const known = made.get(buffer) ?? cell.load(read(buffer), cell.index, lanes);
        made.set(buffer, known);
        return known;
      }
      for (const step of steps) {
        const numbers =
          step.op === "broadcast"
            ? repeated(cell, step, read((step.inputs[0] as Value).buffer), lanes, cells)
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
  step: Step,
  traits: DeviceTraits,
  own: (buffer: number) => readonly string[],
  read: (buffer: number) => number,
): readonly string[] {
  const [kernel] = kernelsOf(step, traits) as [Kernel];
  const bufferOf = (i: number): number => at(step.inputs, at(kernel.reads, i)).buffer;
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
