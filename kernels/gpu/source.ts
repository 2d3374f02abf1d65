import type { Shape } from "../../src/tensor/tensor.ts";
import type { Cell, Kernel, Lanes } from "./kernel.ts";

/** Where a tensor's texels lie: row-major in a texture that is `width` wide. */
export interface Packing {
  readonly width: number;
}

/** GLSL that packed kernels call beside what GPU.js generates. */
export const nativeFunctions: readonly {
  readonly name: string;
  readonly source: string;
  readonly settings: { readonly returnType: string; readonly argumentTypes: readonly string[] };
}[] = [
  {
    // GPU.js divides integers as floats, which is inexact on many GPUs.
    name: "quotient",
    source: "int quotient(int a, int b) { return a / b; }",
    settings: { returnType: "Integer", argumentTypes: ["Integer", "Integer"] },
  },
  {
    name: "number",
    source: `float number(sampler2D t, ivec2 size, ivec3 dim, int i) {
  return getMemoryOptimized32(t, size, dim, 0, 0, i);
}`,
    settings: { returnType: "Number", argumentTypes: ["ArrayTexture(4)", "Integer"] },
  },
];

/**
 * The GPU.js source of a kernel.
 * @param packing of the result, where tensors lie packed; then the function returns four numbers
 */
export function sourceOf(kernel: Kernel, packing?: Packing): string {
  const lines: string[] = [];
  const names = counter();
  const result = packing
    ? packedResult(kernel, packing, lines, names)
    : scalarResult(kernel, lines, names);
  const parameters = kernel.reads.map((_, i) => `a${i}`);
  return `function(${parameters.join(", ")}) {\n${lines.join("\n")}\nreturn ${result};\n}`;
}

function scalarResult(kernel: Kernel, lines: string[], names: () => string): string {
  if (kernel.lanes !== 1) throw new RangeError("sourceOf: expected 1 lane, got 4");
  lines.push("const index = this.thread.x;");
  const cell = cellOf(lines, names, "index", false);
  return kernel.body(cell, ...coordinates(cell, kernel.extent))[0] as string;
}

/** A texel is one cell of four lanes, or four cells of one. */
function packedResult(
  kernel: Kernel,
  { width }: Packing,
  lines: string[],
  names: () => string,
): string {
  lines.push(`const texel = this.thread.y * ${width} + this.thread.x;`);
  if (kernel.lanes === 4) {
    const cell = cellOf(lines, names, "texel", true);
    return `[${kernel.body(cell, ...coordinates(cell, kernel.extent)).join(", ")}]`;
  }
  const numbers = [0, 1, 2, 3].map((lane) => {
    lines.push(`const index${lane} = texel * 4 + ${lane};`);
    const cell = cellOf(lines, names, `index${lane}`, true);
    return cell.declare(kernel.body(cell, ...coordinates(cell, kernel.extent))[0] as string);
  });
  return `[${numbers.join(", ")}]`;
}

/** The place of a cell along each axis of `extent`. */
function coordinates(cell: Cell, extent: Shape): string[] {
  const at: string[] = [];
  let rest = cell.index;
  for (let axis = extent.length - 1; axis > 0; axis--) {
    const length = extent[axis] as number;
    const outermost = extent.slice(0, axis).every((n) => n === 1);
    if (length === 1) at.unshift("0");
    else if (outermost) {
      at.unshift(rest);
      rest = "0";
    } else {
      const [quotient, remainder] = divide(cell, rest, length);
      at.unshift(remainder);
      rest = quotient;
    }
  }
  return [rest, ...at];
}

/** Whole division that is exact where float division is not. */
function divide(cell: Cell, a: string, b: number): [string, string] {
  if (cell.packed) {
    const quotient = cell.declare(`quotient(${a}, ${b})`);
    return [quotient, cell.declare(`${a} - ${quotient} * ${b}`)];
  }
  const guess = cell.declare(`Math.floor(${a} / ${b})`);
  const rest = cell.declare(`${a} - ${guess} * ${b}`);
  const error = cell.declare(`${rest} < 0 ? -1 : (${rest} < ${b} ? 0 : 1)`);
  return [cell.declare(`${guess} + ${error}`), cell.declare(`${rest} - ${error} * ${b}`)];
}

function cellOf(lines: string[], names: () => string, index: string, packed: boolean): Cell {
  const push = (line: string): void => {
    lines.push(line);
  };
  const name = (keyword: string, expression: string): string => {
    const fresh = names();
    push(`${keyword} ${fresh} = ${expression};`);
    return fresh;
  };
  const declare: Cell["declare"] = (expression) => name("const", expression);
  return {
    packed,
    index,
    declare,
    variable: (initial) => name("let", initial),
    run: push,
    repeat(count, body) {
      const i = names();
      push(`for (let ${i} = 0; ${i} < ${count}; ${i}++) {`);
      body(i);
      push("}");
    },
    when(condition, then, otherwise) {
      push(`if (${condition}) {`);
      then();
      if (otherwise) {
        push("} else {");
        otherwise();
      }
      push("}");
    },
    load(read, group, lanes: Lanes) {
      if (lanes === 1) return [declare(element(read, group, packed))];
      const texel = declare(`a${read}[${group}]`);
      return [0, 1, 2, 3].map((lane) => `${texel}[${lane}]`);
    },
    at: (read, i) => declare(element(read, i, packed)),
  };
}

const element = (read: number, i: string, packed: boolean): string =>
  packed ? `number(a${read}, ${i})` : `a${read}[${i}]`;

function counter(): () => string {
  let n = 0;
  return () => `v${n++}`;
}
