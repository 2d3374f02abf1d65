import { showShape } from "../tensor/errors.ts";
import type { BufferPlan, Plan, Step, Value } from "./plan.ts";

const letters: { readonly [K in BufferPlan["kind"]]: string } = {
  input: "x",
  constant: "c",
  temporary: "t",
  output: "y",
};

/**
 * A plan as text, one line a step: `t4 [2, 3] = matmul(x0, c1) transposeA=false … frees t2`.
 * x are inputs, c constants, t temporaries, y outputs (`over x0` when it takes over an input's
 * memory).
 */
export function showPlan({ buffers, steps, outputs, donated }: Plan): string {
  const name = (buffer: number): string =>
    `${letters[(buffers[buffer] as BufferPlan).kind]}${buffer}`;
  const seen = ({ buffer, shape }: Value): string => `${name(buffer)} ${showShape(shape)}`;
  const line = ({ op, attrs, inputs, output, frees }: Step): string => {
    const settings = Object.entries(attrs).map(
      ([key, value]) => ` ${key}=${JSON.stringify(value)}`,
    );
    const over = (buffers[output.buffer] as BufferPlan).reuses;
    const reuse = over === undefined ? "" : ` over ${name(over)}`;
    const freed = frees.length === 0 ? "" : ` frees ${frees.map(name).join(" ")}`;
    return `${seen(output)} = ${op}(${inputs.map(seen).join(", ")})${settings.join("")}${reuse}${freed}`;
  };
  const taken = donated.length === 0 ? [] : [`donated ${donated.map(name).join(" ")}`];
  return [...taken, ...steps.map(line), `return ${outputs.map(seen).join(", ")}`].join("\n");
}
