import type { Plan, Value } from "../../compile/plan.ts";
import { planStats } from "../../compile/statistics.ts";
import { optional } from "../../tensor/definitions.ts";
import { at, sizeOf } from "../../tensor/shapes.ts";
import { isStorageType, makeCodes } from "../../tensor/storage/types.ts";
import type {
  Attrs,
  CommonName,
  DType,
  PrimitiveName,
  Shape,
  TypedArray,
} from "../../tensor/tensor.ts";
import type { Device, Executable, MemoryUse } from "../device.ts";
import type { Operand } from "./rows.ts";
import { reference } from "./table.ts";

/** Numbers that an engine owns. */
interface HostBuffer {
  readonly data: TypedArray;
}

/** Any row of the table, once the plan has matched a step with its inputs. */
type Anything = (
  out: TypedArray,
  inputs: readonly Operand[],
  attrs: Attrs<PrimitiveName>,
  shape: Shape,
) => void;

function allocate(elements: number, dtype: DType): TypedArray {
  if (isStorageType(dtype)) return makeCodes(dtype, elements);
  return dtype === "int" ? new Int32Array(elements) : new Float64Array(elements);
}

function copyOf(data: TypedArray, shape: Shape, dtype: DType): TypedArray {
  const copy = allocate(sizeOf(shape), dtype);
  copy.set(data);
  return copy;
}

/**
 * Arrays of numbers that nobody reads any more, by their lengths: to make one takes longer than to
 * fill it.
 */
function spareArrays() {
  const spare = new Map<number, TypedArray[]>();
  return {
    take(elements: number, dtype: DType): TypedArray {
      const known = dtype === "float" ? spare.get(elements)?.pop() : undefined;
      return known?.fill(0) ?? allocate(elements, dtype);
    },
    give(data: TypedArray): void {
      if (!(data instanceof Float64Array)) return;
      const known = spare.get(data.length);
      if (known) known.push(data);
      else spare.set(data.length, [data]);
    },
  };
}

/** Plain float64 loops: the meaning of every operation. Slow, obvious. */
export function createReferenceDevice(): Device<HostBuffer> {
  const live = new Set<HostBuffer>();
  let bytes = 0;
  let peakBytes = 0;

  const own = (data: TypedArray): HostBuffer => {
    const buffer = { data };
    live.add(buffer);
    bytes += data.byteLength;
    peakBytes = Math.max(peakBytes, bytes);
    return buffer;
  };
  const free = (buffer: HostBuffer): void => {
    if (live.delete(buffer)) bytes -= buffer.data.byteLength;
  };

  function prepare(plan: Plan): Executable<HostBuffer> {
    const constants = plan.constants.map(({ value: { shape, dtype }, data }) =>
      copyOf(data, shape, dtype),
    );
    return {
      async run(inputs) {
        const memory = new Array<HostBuffer | undefined>(plan.buffers.length).fill(undefined);
        for (let i = 0; i < inputs.length; i++) memory[i] = inputs[i];
        plan.constants.forEach(({ value }, i) => {
          memory[value.buffer] = { data: at(constants, i) };
        });
        const held = (buffer: number): HostBuffer => at(memory, buffer) as HostBuffer;
        const operand = ({ buffer, shape }: Value): Operand => ({ data: held(buffer).data, shape });
        const spare = spareArrays();
        for (const { op, attrs, inputs, output, frees } of plan.steps) {
          const { elements } = at(plan.buffers, output.buffer);
          const buffer = own(spare.take(elements, output.dtype));
          const compute = reference[op as CommonName] as Anything;
          compute(buffer.data, inputs.map(operand), attrs, output.shape);
          memory[output.buffer] = buffer;
          for (const dead of frees) {
            const { data } = held(dead);
            free(held(dead));
            if (at(plan.buffers, dead).kind === "temporary") spare.give(data);
          }
        }
        for (const { reuses } of plan.buffers) if (reuses !== undefined) free(held(reuses));
        return plan.outputs.map(({ buffer }) => held(buffer));
      },
      stats: () => ({
        kernels: new Set(plan.steps.map(({ op }) => op)).size,
        launches: plan.steps.length,
        peakBytes: mostBytes(plan),
      }),
      dispose() {},
    };
  }

  return {
    backend: "reference",
    description: "float64 loops in JavaScript",
    numerics: "reference",
    lacking: optional,
    prepare: async (plan) => prepare(plan),
    peakBytes: mostBytes,
    upload: (data, shape, dtype) => own(copyOf(data, shape, dtype)),
    allocate: (shape, dtype) => own(allocate(sizeOf(shape), dtype)),
    write: (buffer, from, data) => buffer.data.set(data, from),
    written: async () => {},
    read: async (buffer, _, __, span = [0, buffer.data.length]) => buffer.data.slice(...span),
    copy: (buffer) => own(buffer.data.slice()),
    free,
    memory: (): MemoryUse => ({ bytes, buffers: live.size, peakBytes }),
    close() {},
  };
}

/** Numbers are float64. */
const mostBytes = (plan: Plan): number => planStats(plan, 8).peakBytes;
