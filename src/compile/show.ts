import { showShape } from "../tensor/errors.ts";
import { at } from "../tensor/shapes.ts";
import { isStorageType } from "../tensor/storage/types.ts";
import type { FusedPlan, Group } from "./fuse.ts";
import type { BufferPlan, Plan, Step, Value } from "./plan.ts";

const letters: { readonly [K in BufferPlan["kind"]]: string } = {
  input: "x",
  constant: "c",
  temporary: "t",
  output: "y",
};

/** A buffer's name in what is shown of a plan: x are inputs, c constants, t temporaries, y outputs. */
export const bufferName = ({ buffers }: Pick<Plan, "buffers">, buffer: number): string =>
  `${letters[at(buffers, buffer).kind]}${buffer}`;

/**
 * A plan as text, one line a step: `t4 [2, 3] = matmul(x0, c1) transposeA=false … frees t2`.
 * Outputs may stand `over x0`, whose memory they take over.
 */
export function showPlan(plan: Plan): string {
  const { seen, line, donated } = words(plan);
  return [...donated, ...plan.steps.map(line), `return ${plan.outputs.map(seen).join(", ")}`].join(
    "\n",
  );
}

/** A plan in groups as text: under the title of a group its steps, moved in. */
export function showFused(plan: FusedPlan): string {
  const { name, seen, line, freed, donated } = words(plan);
  const text = (group: Group): readonly string[] => {
    const frees = freed(group.frees);
    const lines = group.steps.map((step) => line({ ...step, frees: [] }));
    if (lines.length === 1) return [`${lines[0]}${frees}`];
    const [read, made] = [group.inputs, group.outputs].map((x) => x.map((v) => name(v.buffer)));
    return [`${made?.join(" ")} from ${read?.join(" ")}:${frees}`, ...lines.map((x) => `  ${x}`)];
  };
  const returned = `return ${plan.outputs.map(seen).join(", ")}`;
  return [...donated, ...plan.groups.flatMap(text), returned].join("\n");
}

/** How the parts of a plan are written. */
function words({ buffers, donated }: Pick<Plan, "buffers" | "donated">) {
  const name = (buffer: number): string => bufferName({ buffers }, buffer);
  const seen = ({ buffer, shape, dtype }: Value): string =>
    `${name(buffer)} ${isStorageType(dtype) ? `${dtype} ` : ""}${showShape(shape)}`;
  const freed = (frees: readonly number[]): string =>
    frees.length === 0 ? "" : ` frees ${frees.map(name).join(" ")}`;
  const line = ({ op, attrs, inputs, output, frees }: Step): string => {
    const settings = Object.entries(attrs).map(
      ([key, value]) => ` ${key}=${JSON.stringify(value)}`,
    );
    const over = at(buffers, output.buffer).reuses;
    const reuse = over === undefined ? "" : ` over ${name(over)}`;
    const operands = inputs.map(seen).join(", ");
    return `${seen(output)} = ${op}(${operands})${settings.join("")}${reuse}${freed(frees)}`;
  };
  const taken = donated.length === 0 ? [] : [`donated ${donated.map(name).join(" ")}`];
  return { name, seen, line, freed, donated: taken };
}
