import { programOf } from "../dist/src/engines/wasm/lowering/program.js";

/**
 * What each instruction of a plan is and touches.
 * @param times ms of each, in order
 * @returns { op, label, ms, flop, bytes }[]; bytes: what is read and written, each number once
 */
export function instructionRows(plan, threads, times) {
  const { instructions, buffers, steps } = programOf(plan, threads);
  if (instructions.length !== times.length)
    throw new Error(`profile: expected ${instructions.length} times, got ${times.length}`);
  return instructions.map(({ reads, writes, flop }, i) => {
    const chain = steps[i].map((step) => plan.steps[step]);
    const touched = [...new Set([...reads, ...writes.map((write) => write.buffer)])].map(
      (buffer) => buffers[buffer].elements,
    );
    // A table is read only where an id points, and a part is copied from, or to, only there.
    const partial = PARTIAL.has(chain[0].op);
    const elements = partial
      ? 2 * Math.min(...touched.filter((n) => n > 1))
      : touched.reduce((a, b) => a + b);
    const op = chain.map((step) => step.op).join(" · ");
    return { op, label: labelOf(op, chain.at(-1)), ms: times[i], flop, bytes: 4 * elements };
  });
}

const PARTIAL = new Set(["slice", "concat", "gather"]);

/** An operation with the shapes that it takes and gives. */
export function labelOf(op, { attrs, inputs, output }) {
  const shapes = inputs.map(({ shape }, i) => {
    const transposed = (i === 0 && attrs.transposeA) || (i === 1 && attrs.transposeB);
    return `[${shape.join(",")}]${transposed ? "ᵀ" : ""}`;
  });
  return `${op} ${shapes.join(" ")} → [${output.shape.join(",")}]`;
}
