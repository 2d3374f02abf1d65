import { glsl, glslNumber, type NativeFunction, type TextureSize } from "./glsl.ts";
import { type Kernel, type Lanes, resultsOf } from "./kernel.ts";
import { functions } from "./numbers/functions.ts";
import type { Stored } from "./stored.ts";
import { wgslBody } from "./translation/wgslBody.ts";
import {
  type Translated,
  type WgslFunction,
  wgsl,
  wgslEnding,
  wgslModule,
  wgslNumber,
} from "./wgsl.ts";
import { type Dialect, type Writer, writerOf } from "./writer.ts";

/** What GPU.js makes a kernel of. */
export interface KernelSource {
  readonly code: string;
  /** GLSL functions that the code calls. */
  readonly natives: readonly NativeFunction[];
  /** Functions whose results are the kernel's results after the first. */
  readonly parts: readonly string[];
}

/** GPU.js counts places in floats, which do so exactly up to here. */
export const MOST_IN_FLOATS: number = 2 ** 24;

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

/** A kernel for WebGPU: the code is translated to WGSL, and `module` makes a shader of the result. */
export interface StorageSource {
  readonly code: string;
  /** Its names that are never assigned to. */
  readonly constants: ReadonlySet<string>;
  /** What the code calls. */
  readonly functions: readonly WgslFunction[];
  /** The code in WGSL where places are whole numbers; where it is absent GPU.js translates. */
  readonly body?: string;
  readonly module: (body: string) => string;
}

/** A kernel's code and all that a module around it is made of. */
interface Written extends Omit<StorageSource, "module" | "body"> {
  readonly views: Translated["views"];
}

/** Of the tensors that are read, those that are kept in a storage type. */
type StoredReads = readonly (Stored | undefined)[];

/** How code reads storage buffers, and what it was seen to call. */
export interface StorageDialect {
  readonly dialect: Dialect;
  call(name: string, returnType: WgslFunction["returnType"], ...args: string[]): string;
  /**
   * @param sizes the number of elements of each tensor that is read
   * @param stored those that are kept in a storage type; none by default
   */
  views(sizes: readonly number[], stored?: StoredReads): Translated["views"];
  /** @param own bodies of functions besides those that read */
  functions(views: Translated["views"], own: Readonly<Record<string, string>>): WgslFunction[];
}

/** @param whole whether places are counted in whole numbers */
export function storageDialect(whole: boolean): StorageDialect {
  const calls = new Map<string, Omit<WgslFunction, "body">>();
  const numeric = new Map<string, WgslFunction>();
  const grouped = new Set<number>();
  const call: StorageDialect["call"] = (name, returnType, ...args) => {
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
    whole,
  };
  return {
    ...{ dialect, call },
    views: (sizes, stored = []) =>
      sizes.map((elements, read) => ({
        ...{ elements, lanes: grouped.has(read) ? 4 : 1, stored: stored[read] },
      })),
    functions(views, own) {
      const bodies: Record<string, string> = { ...own };
      for (const [read, view] of views.entries()) {
        bodies[`number${read}`] = wgsl.number(read, view);
        bodies[`group${read}`] = wgsl.group(read, view);
      }
      const called = [...calls.values()].map((f) => ({ ...f, body: bodies[f.name] as string }));
      return [...called, ...numeric.values()];
    },
  };
}

/**
 * @param sizes the number of elements of each tensor that it reads
 * @param own what is kept in a storage type; whether a tensor after all is numbers that a shader has already
 */
function written(
  kernel: Kernel,
  sizes: readonly number[],
  whole: boolean,
  { stored, led = false }: { readonly stored?: StoredReads; readonly led?: boolean } = {},
): Written {
  const { dialect, call, ...storage } = storageDialect(whole);
  const writer = writerOf(dialect, true);
  const { numbers, at, cell } = writer.cell(kernel, writer.declare("this.thread.x"));
  const { lanes, rows = 1, places } = kernel;
  const row = (i: number): string[] => numbers.slice(lanes * i, lanes * (i + 1));
  const placed = places?.(cell, ...at) ?? [];
  for (const [i, place] of placed.entries())
    writer.run(`${call("store", "Number", place, ...row(i))};`);
  for (let i = 1; i < rows && !places; i++)
    writer.run(`${call(`store${i}`, "Number", ...row(i))};`);
  const views = storage.views(sizes, stored);
  const bodies: Record<string, string> = { store: wgsl.store(0, "u32(n)") };
  if (led) bodies[`group${views.length}`] = wgsl.led;
  for (let i = 1; i < resultsOf(kernel); i++) bodies[`store${i}`] = wgsl.store(i, "threadGid.x");
  const returned = lanes === 4 ? `[${row(0).join(", ")}]` : (numbers[0] as string);
  const code = writer.finish(kernel, returned);
  const functions = storage.functions(views, bodies);
  return { code, constants: writer.constants, functions, views };
}

/**
 * The source of a kernel that reads and writes storage buffers, four numbers at a time where it can.
 * @param sizes the number of elements of each tensor that it reads
 * @param whole whether places are counted in whole numbers, for those that floats skip
 */
export function storageSource(
  kernel: Kernel,
  sizes: readonly number[],
  whole: boolean,
  stored: StoredReads = [],
): StorageSource {
  const { views, ...source } = written(kernel, sizes, whole, { stored });
  const { code, functions } = source;
  return {
    ...source,
    ...(whole ? { body: wgslBody(code, functions) } : {}),
    module: (body) => wgslModule({ kernel, views, functions, body, whole }),
  };
}

/**
 * WGSL of what goes on from where a shader of its own has four numbers, as `wgslEnding` makes it.
 * @param kernel its reads end with those numbers
 * @param sizes the number of elements of each tensor that it reads besides
 * @param first binding of those tensors; the results follow
 */
export function endingSource(kernel: Kernel, sizes: readonly number[], first: number): string {
  const { code, functions, views } = written(kernel, sizes, true, { led: true });
  const body = wgslBody(code, functions);
  return wgslEnding({ kernel, views, functions, body, whole: true }, first);
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
  for (const [width, height] of [target, ...reads]) expectCountable(4 * width * height, 4);
  const natives = new Map<string, NativeFunction>();
  const call = (native: NativeFunction, ...args: string[]): string => {
    natives.set(native.name, native);
    return `${native.name}(${args.join(", ")})`;
  };
  const dialect: Dialect = {
    place: call(glsl.place(target)),
    number(read, index) {
      const size = reads[read] as TextureSize;
      expectCountable(4 * size[0] * size[1], 1);
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

/** @throws RangeError where floats do not count a texture's places, of numbers or of texels */
function expectCountable(elements: number, lanes: Lanes): void {
  if (elements <= lanes * MOST_IN_FLOATS) return;
  const how =
    lanes === 4 ? "" : " where they are read one by one (lengths that are multiples of 4 are not)";
  throw new RangeError(
    `expected a tensor of at most ${lanes * MOST_IN_FLOATS} elements${how}, got ${elements}: ` +
      "shaders count places in floats here; WebGPU counts further",
  );
}

function lanesOf(kernel: Kernel, writer: Writer, texel: string): readonly string[] {
  if (kernel.lanes === 4) return writer.cell(kernel, texel).numbers;
  return [0, 1, 2, 3].map((lane) => {
    const { numbers } = writer.cell(kernel, writer.declare(`${texel} * 4 + ${lane}`));
    return writer.declare(numbers[0] as string);
  });
}
