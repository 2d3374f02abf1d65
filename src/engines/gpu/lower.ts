import type { Cast } from "../../../kernels/gpu/casts/cast.ts";
import { fused, kernelsOf } from "../../../kernels/gpu/fused.ts";
import { elementsOf, type Kernel, resultsOf } from "../../../kernels/gpu/kernel.ts";
import type { Group } from "../../compile/fuse.ts";
import type { Step, Value } from "../../compile/plan.ts";
import { located, showShape } from "../../tensor/errors.ts";
import { at, sizeOf } from "../../tensor/shapes.ts";
import { isStorageType } from "../../tensor/storage/types.ts";
import type { DType, PrimitiveName } from "../../tensor/tensor.ts";
import type { OnProgress } from "../device.ts";
import type { Driver, Launch } from "./driver.ts";

/** A launch whose kernel is being compiled. It reads operands of its group, or results of launches. */
export interface Compiling<Memory> {
  readonly launch: Promise<Launch<Memory>>;
  readonly reads: readonly number[];
}

/** The values that the kernels of a group read. */
export const operandsOf = ({ steps, inputs }: Group): readonly Value[] =>
  steps.length === 1 ? at(steps, 0).inputs : inputs;

/** What gives zeros where there is nothing to add up, or to surround. */
const ofNothing: ReadonlySet<PrimitiveName> = new Set<PrimitiveName>([
  "sum",
  "matmul",
  "scatterAdd",
  "rmsNormGradGain",
  "pad",
]);

/** Whether there is nothing to compute: no element, or none that goes in. */
export function makesZeros({ steps, outputs }: Group): boolean {
  const { op, inputs } = at(steps, 0);
  const empty = ({ shape }: Value): boolean => sizeOf(shape) === 0;
  return outputs.every(empty) || (ofNothing.has(op) && inputs.some(empty));
}

/** Whether a group is the copy of codes, which no kernel reads. */
export function copiesCodes({ steps, outputs }: Group): boolean {
  return at(steps, 0).op === "alias" && isStorageType(at(outputs, 0).dtype);
}

/** Starts to compile the kernels of a group. @throws RangeError when a tensor is too large */
export function lower<Memory>(driver: Driver<Memory>, group: Group): Compiling<Memory>[] {
  const cast = castOf(group);
  if (cast) return [{ launch: driver.codes.cast(cast), reads: [0] }];
  const kernels = kernelsOfGroup(driver, group);
  const operands = operandsOf(group);
  const sizes = kernels.flatMap((kernel) =>
    Array<number>(resultsOf(kernel)).fill(elementsOf(kernel)),
  );
  const sizeOfRead = (read: number): number =>
    read >= 0 ? sizeOf(at(operands, read).shape) : at(sizes, -1 - read);
  const dtypeOfRead = (read: number): DType => (read >= 0 ? at(operands, read).dtype : "float");
  const names = group.steps.map(({ op }) => op).join(" ");
  const name = `${names} ${showShape(at(group.steps, 0).output.shape)}`;
  return kernels.map((kernel) => ({
    launch: located(
      name,
      () => driver.compile(kernel, kernel.reads.map(sizeOfRead), kernel.reads.map(dtypeOfRead)),
      RangeError,
    ),
    reads: kernel.reads,
  }));
}

/** The cast that a group is. */
function castOf({ steps, outputs }: Group): Cast | undefined {
  const step = at(steps, 0);
  if (step.op !== "cast") return undefined;
  const { from, to } = step.attrs as Step<"cast">["attrs"];
  const elements = sizeOf(at(outputs, 0).shape);
  if (isStorageType(from)) return { storage: from, widens: true, elements };
  return isStorageType(to) ? { storage: to, widens: false, elements } : undefined;
}

const kernelsOfGroup = ({ traits }: Driver<unknown>, group: Group): readonly Kernel[] =>
  group.steps.length > 1 ? fused(group, traits) : kernelsOf(at(group.steps, 0), traits);

/** Reports each kernel that is ready. */
export function tellProgress(
  all: readonly Compiling<unknown>[],
  onProgress: OnProgress | undefined,
): void {
  const kernels = new Set(all.map(({ launch }) => launch));
  let done = 0;
  const tell = (): void => onProgress?.(++done, kernels.size);
  // Who waits for the kernel hears of its failure.
  for (const kernel of kernels) kernel.then(tell, () => {});
}
