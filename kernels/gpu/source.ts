import { glsl, glslNumber, type NativeFunction, type TextureSize } from "./glsl.ts";
import { type Cell, type Kernel, type Lanes, resultsOf } from "./kernel.ts";
import { type FunctionName, functions } from "./numbers/functions.ts";
import { type WgslFunction, wgsl, wgslModule, wgslNumber } from "./wgsl.ts";

/** What GPU.js makes a kernel of. */
export interface KernelSource {
  readonly code: string;
  /** GLSL functions that the code calls. */
  readonly natives: readonly NativeFunction[];
  /** Functions whose results are the kernel's results after the first. */
  readonly parts: readonly string[];
}

/** Numbers are counted in floats, which do so exactly up to here. */
const MOST_NUMBERS = 2 ** 24;

/** How a kernel reads tensors and knows its place. */
interface Dialect {
  /** Expression of the place of the cell, or of the texel. */
  readonly place: string;
  number(read: number, index: string): string;
  /** Calls a function of numbers. */
  call(name: FunctionName, args: readonly string[]): string;
  /** Four numbers at once, where there are texels. */
  texel?(read: number, index: string): string;
}

/** The source of a kernel that reads and writes buffers of numbers. */
export function bufferSource(kernel: Kernel): string {
  const number = (read: number, index: string): string => `a${read}[${index}]`;
  const dialect: Dialect = {
    place: "this.thread.x",
    number,
    call: (name, args) => functions[name].host(...args),
  };
  const writer = writerOf(dialect, false);
  const { numbers } = writer.cell(kernel, writer.declare("this.thread.x"));
  return writer.finish(kernel, numbers[0] as string);
}

/** A kernel for WebGPU: GPU.js translates the code, and `module` makes a shader of the result. */
export interface StorageSource {
  readonly code: string;
  /** Its names that are never assigned to. */
  readonly constants: ReadonlySet<string>;
  /** What the code calls. */
  readonly functions: readonly WgslFunction[];
  readonly module: (body: string) => string;
}

/**
 * The source of a kernel that reads and writes storage buffers, four numbers at a time where it can.
 * @param sizes the number of elements of each tensor that it reads
 */
export function storageSource(kernel: Kernel, sizes: readonly number[]): StorageSource {
  const calls = new Map<string, Omit<WgslFunction, "body">>();
  const numeric = new Map<string, WgslFunction>();
  const grouped = new Set<number>();
  const call = (name: string, returnType: WgslFunction["returnType"], ...args: string[]) => {
    const parameters = args.length === 1 ? ["n"] : ["n", "x", "y", "z", "w"].slice(-args.length);
    calls.set(name, { name, parameters, returnType });
    return `${name}(${args.join(", ")})`;
  };
  const dialect: Dialect = {
    place: "this.thread.x",
    number: (read, index) => call(`number${read}`, "Number", index),
    call(name, args) {
      const it = wgslNumber(name);
      numeric.set(it.name, it);
      return `${it.name}(${args.join(", ")})`;
    },
    texel(read, index) {
      grouped.add(read);
      return call(`group${read}`, "Array(4)", index);
    },
  };
  const writer = writerOf(dialect, true);
  const { numbers, at, cell } = writer.cell(kernel, writer.declare("this.thread.x"));
  const { lanes, rows = 1, places } = kernel;
  const row = (i: number): string[] => numbers.slice(lanes * i, lanes * (i + 1));
  const placed = places?.(cell, ...at) ?? [];
  for (const [i, place] of placed.entries())
    writer.run(`${call("store", "Number", place, ...row(i))};`);
  for (let i = 1; i < rows && !places; i++)
    writer.run(`${call(`store${i}`, "Number", ...row(i))};`);
  const views = sizes.map((elements, read) => ({
    elements,
    lanes: (grouped.has(read) ? 4 : 1) as Lanes,
  }));
  const bodies: Record<string, string> = { store: wgsl.store(0, "u32(n)") };
  for (const [read, view] of views.entries()) {
    bodies[`number${read}`] = wgsl.number(read, view.lanes);
    bodies[`group${read}`] = wgsl.group(read);
  }
  for (let i = 1; i < resultsOf(kernel); i++) bodies[`store${i}`] = wgsl.store(i, "threadGid.x");
  const called = [...calls.values()].map((f) => ({ ...f, body: bodies[f.name] as string }));
  const functions = [...called, ...numeric.values()];
  const returned = lanes === 4 ? `[${row(0).join(", ")}]` : (numbers[0] as string);
  return {
    code: writer.finish(kernel, returned),
    constants: writer.constants,
    functions,
    module: (body) => wgslModule(kernel, views, functions, body),
  };
}

/**
 * The source of a kernel that reads and writes textures. A texel is one cell of four lanes, or four
 * cells of one.
 * @param reads the textures that it reads
 */
export function textureSource(
  kernel: Kernel,
  target: TextureSize,
  reads: readonly TextureSize[],
): KernelSource {
  const natives = new Map<string, NativeFunction>();
  const call = (native: NativeFunction, ...args: string[]): string => {
    natives.set(native.name, native);
    return `${native.name}(${args.join(", ")})`;
  };
  const dialect: Dialect = {
    place: call(glsl.place(target)),
    number: (read, index) => {
      const size = reads[read] as TextureSize;
      if (4 * size[0] * size[1] > MOST_NUMBERS)
        throw new RangeError(
          `textureSource: expected at most ${MOST_NUMBERS} elements where they are read one by ` +
            `one (lengths that are multiples of 4 are not), got ${4 * size[0] * size[1]}`,
        );
      return call(glsl.number(size), `a${read}`, index);
    },
    call: (name, args) => call(glslNumber(name), ...args),
    texel: (read, index) => call(glsl.fetch(reads[read] as TextureSize), `a${read}`, index),
  };
  const writer = writerOf(dialect, true);
  const texel = writer.declare(dialect.place);
  const lanes = lanesOf(kernel, writer, texel);
  const results = Array.from({ length: kernel.rows ?? 1 }, (_, row) =>
    lanes.slice(4 * row, 4 * row + 4).join(", "),
  );
  const parts = results.slice(1).map((numbers, i) => {
    writer.run(`part${i}(${numbers});`);
    return `function part${i}(x, y, z, w) { return [x, y, z, w]; }`;
  });
  return { code: writer.finish(kernel, `[${results[0]}]`), natives: [...natives.values()], parts };
}

function lanesOf(kernel: Kernel, writer: Writer, texel: string): readonly string[] {
  if (kernel.lanes === 4) return writer.cell(kernel, texel).numbers;
  return [0, 1, 2, 3].map((lane) => {
    const { numbers } = writer.cell(kernel, writer.declare(`${texel} * 4 + ${lane}`));
    return writer.declare(numbers[0] as string);
  });
}

interface Written {
  readonly numbers: readonly string[];
  readonly cell: Cell;
  readonly at: readonly string[];
}

interface Writer {
  readonly constants: ReadonlySet<string>;
  declare(expression: string): string;
  run(statement: string): void;
  /** Writes one cell and returns the expressions of its numbers, and where it is. */
  cell(kernel: Kernel, index: string): Written;
  finish(kernel: Kernel, result: string): string;
}

function writerOf(dialect: Dialect, wide: boolean): Writer {
  const lines: string[] = [];
  let names = 0;
  const fresh = (): string => `v${names++}`;
  const run = (statement: string): void => {
    lines.push(statement);
  };
  const name = (keyword: string, expression: string): string => {
    const it = fresh();
    run(`${keyword} ${it} = ${expression};`);
    return it;
  };
  const constants = new Set<string>();
  const declare = (expression: string): string => {
    const it = name("const", expression);
    constants.add(it);
    return it;
  };

  const cellAt = (index: string): Cell => ({
    wide,
    index,
    declare,
    variable: (initial) => name("let", initial),
    run,
    repeat(count, body) {
      const i = fresh();
      run(`for (let ${i} = 0; ${i} < ${count}; ${i}++) {`);
      body(i);
      run("}");
    },
    when(condition, then, otherwise) {
      run(`if (${condition}) {`);
      then();
      if (otherwise) {
        run("} else {");
        otherwise();
      }
      run("}");
    },
    call: (name, ...args) => dialect.call(name, args),
    divide: (a, b, below) => divide(declare, a, b, below),
    load(read, group, lanes: Lanes) {
      if (lanes === 1) return [declare(dialect.number(read, group))];
      if (!dialect.texel)
        return [0, 1, 2, 3].map((lane) =>
          declare(dialect.number(read, `(${group}) * 4 + ${lane}`)),
        );
      const texel = declare(dialect.texel(read, group));
      return [0, 1, 2, 3].map((lane) => `${texel}[${lane}]`);
    },
    at: (read, i) => declare(dialect.number(read, i)),
  });

  return {
    constants,
    declare,
    run,
    cell(kernel, index) {
      const cell = cellAt(index);
      const at = coordinates(cell, kernel);
      return { numbers: kernel.body(cell, ...at), cell, at };
    },
    finish({ reads }, result) {
      const parameters = reads.map((_, i) => `a${i}`).join(", ");
      return `function(${parameters}) {\n${lines.join("\n")}\nreturn ${result};\n}`;
    },
  };
}

/** The place of a cell along each axis of the extent. */
function coordinates(cell: Cell, { extent }: Kernel): string[] {
  const at: string[] = [];
  let rest = cell.index;
  for (let axis = extent.length - 1; axis > 0; axis--) {
    const length = extent[axis] as number;
    const outer = extent.slice(0, axis).reduce((a, b) => a * b, 1);
    if (length === 1) at.unshift("0");
    else if (outer === 1) {
      at.unshift(rest);
      rest = "0";
    } else {
      const [quotient, remainder] = cell.divide(rest, length, outer * length);
      at.unshift(remainder);
      rest = quotient;
    }
  }
  return [rest, ...at];
}

/**
 * Whole division of a whole number below `below`. Floats divide inexactly on GPUs: half a unit
 * keeps small quotients away from the whole numbers, large ones are put right afterwards.
 */
function divide(
  declare: (expression: string) => string,
  a: string,
  b: number,
  below: number,
): readonly [quotient: string, remainder: string] {
  if (below <= 2 ** 20) {
    const quotient = declare(`Math.floor((${a} + 0.5) * ${1 / b})`);
    return [quotient, declare(`${a} - ${quotient} * ${b}`)];
  }
  const guess = declare(`Math.floor(${a} * ${1 / b})`);
  const rest = declare(`${a} - ${guess} * ${b}`);
  const error = declare(`Math.floor((${rest} + 0.5) * ${1 / b})`);
  return [declare(`${guess} + ${error}`), declare(`${rest} - ${error} * ${b}`)];
}
