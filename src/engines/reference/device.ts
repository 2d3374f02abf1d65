import type { Plan, Value } from "../../compile/plan.ts";
import { planStats } from "../../compile/statistics.ts";
import { optional } from "../../tensor/definitions.ts";
import type { CommonName, DType, PrimitiveName, TypedArray } from "../../tensor/tensor.ts";
import type { Device, Executable, MemoryUse } from "../device.ts";
import type { Compute } from "./rows.ts";
import { reference } from "./table.ts";

/** Numbers that an engine owns. */
interface HostBuffer {
  readonly data: TypedArray;
}

const allocate = (elements: number, dtype: DType): TypedArray =>
  dtype === "int" ? new Int32Array(elements) : new Float64Array(elements);

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
    const constants = plan.constants.map(({ value, data }) => {
      const copy = allocate(data.length, value.dtype);
      copy.set(data);
      return copy;
    });
    return {
      async run(inputs) {
        const memory: (HostBuffer | undefined)[] = [...inputs];
        plan.constants.forEach(({ value }, i) => {
          memory[value.buffer] = { data: constants[i] as TypedArray };
        });
        const operand = ({ buffer, shape }: Value) => ({
          data: (memory[buffer] as HostBuffer).data,
          shape,
        });
        for (const step of plan.steps) {
          const { output } = step;
          const size = (plan.buffers[output.buffer] as { elements: number }).elements;
          const buffer = own(allocate(size, output.dtype));
          const compute = reference[step.op as CommonName] as Compute<PrimitiveName>;
          compute(buffer.data, step.inputs.map(operand), step.attrs, output.shape);
          memory[output.buffer] = buffer;
          for (const dead of step.frees) free(memory[dead] as HostBuffer);
        }
        for (const { reuses } of plan.buffers)
          if (reuses !== undefined) free(memory[reuses] as HostBuffer);
        return plan.outputs.map(({ buffer }) => memory[buffer] as HostBuffer);
      },
      stats: () => ({
        kernels: new Set(plan.steps.map(({ op }) => op)).size,
        launches: plan.steps.length,
        peakBytes: planStats(plan, 8).peakBytes,
      }),
      dispose() {},
    };
  }

  return {
    backend: "reference",
    description: "float64 loops in JavaScript",
    lacking: optional,
    prepare: async (plan) => prepare(plan),
    upload(data, _, dtype) {
      const copy = allocate(data.length, dtype);
      copy.set(data);
      return own(copy);
    },
    read: async (buffer) => buffer.data.slice(),
    copy: (buffer) => own(buffer.data.slice()),
    free,
    memory: (): MemoryUse => ({ bytes, buffers: live.size, peakBytes }),
    close() {},
  };
}
