import type { Cell, Kernel, Lanes } from "./kernel.ts";
import type { FunctionName } from "./numbers/functions.ts";

/** How a kernel reads tensors and knows its place. */
export interface Dialect {
  /** Expression of the place of the cell, or of the texel. */
  readonly place: string;
  number(read: number, index: string): string;
  /** Calls a function of numbers. */
  call(name: FunctionName, args: readonly string[]): string;
  /** Four numbers at once, where there are texels. */
  texel?(read: number, index: string): string;
  /** Whether places are whole numbers, and no floats. */
  readonly whole?: boolean;
}

interface Written {
  readonly numbers: readonly string[];
  readonly cell: Cell;
  readonly at: readonly string[];
}

/** Writes the statements of a kernel. */
export interface Writer {
  readonly constants: ReadonlySet<string>;
  declare(expression: string): string;
  run(statement: string): void;
  /** Writes one cell and returns the expressions of its numbers, and where it is. */
  cell(kernel: Kernel, index: string): Written;
  finish(kernel: Kernel, result: string): string;
}

/** @param wide whether cells load and compute four numbers at once */
export function writerOf(dialect: Dialect, wide: boolean): Writer {
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
    whole: (expression) => declare(dialect.whole ? `whole(${expression})` : expression),
    divide: (a, b, below) =>
      dialect.whole
        ? [declare(`quotient(${a}, ${b})`), declare(`remainder(${a}, ${b})`)]
        : divide(declare, a, b, below),
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
