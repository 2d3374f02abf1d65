import { cellsOf, elementsOf, type Kernel, type Lanes, resultsOf } from "./kernel.ts";
import { type FunctionName, functions } from "./numbers/functions.ts";
import { wgsl as language } from "./numbers/language.ts";
import { bind, type Source, type Stored, sourceOf } from "./stored.ts";

/** A function that a kernel calls: who translates the code is told its type, no more. */
export interface WgslFunction {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly returnType: "Number" | "Array(4)";
  /** WGSL; parameters are floats, but `n` may be a whole number. */
  readonly body: string;
}

/** A function of numbers. */
export function wgslNumber(name: FunctionName): WgslFunction {
  const { parameters, body } = functions[name];
  return {
    name: `${name}Of`,
    parameters,
    returnType: "Number",
    body: `${language.before}${body(language)}`,
  };
}

/** Threads of a workgroup. */
const WORKGROUP = 64;
/** Workgroups along an axis of a launch, on every device. */
export const MOST_GROUPS = 65535;

/** Workgroups along x and y that give every cell a thread. */
export function workgroupsOf(kernel: Pick<Kernel, "extent">): readonly [x: number, y: number] {
  const groups = Math.max(1, Math.ceil(cellsOf(kernel) / WORKGROUP));
  const y = Math.ceil(groups / MOST_GROUPS);
  return [Math.ceil(groups / y), y];
}

/** Elements of an array that holds `numbers` numbers in groups. */
const lengthOf = (numbers: number, lanes: Lanes): number => Math.max(1, Math.ceil(numbers / lanes));
const typeOf = (lanes: Lanes): string => (lanes === 4 ? "vec4<f32>" : "f32");

/** How a tensor that a kernel reads is seen. */
interface View {
  readonly elements: number;
  readonly lanes: Lanes;
  /** What is stored is read by groups of four, whatever a kernel does. */
  readonly stored?: Stored | undefined;
}

const isGrouped = ({ lanes, stored }: View): boolean => lanes === 4 || stored !== undefined;

const sourceOfView = (read: number, { elements, stored }: View, first = 0): Source =>
  sourceOf(`a${read}`, first + read, elements, stored);

/** How a kernel reads number `n` or group `n` of a tensor that lies in groups of `lanes`. */
export const wgsl = {
  number: (read: number, view: View): string =>
    isGrouped(view)
      ? `let i = u32(n); return ${sourceOfView(read, view).group("i >> 2u")}[i & 3u];`
      : `return a${read}[u32(n)];`,
  group: (read: number, view: View): string =>
    `return ${sourceOfView(read, view).group("u32(n)")};`,
  /** In place of a group: the numbers that a shader has already. */
  led: "return led;",
  store: (target: number, place: string): string =>
    `target${target}[${place}] = vec4<f32>(x, y, z, w); return 0.0;`,
};

/** A body that was translated, and what it touches. */
export interface Translated {
  readonly kernel: Kernel;
  /** Of each tensor that the kernel reads. */
  readonly views: readonly View[];
  readonly functions: readonly WgslFunction[];
  readonly body: string;
  /** Whether places, which functions call `n`, are whole numbers. */
  readonly whole: boolean;
}

/**
 * Tensors, functions and the function `cell`, which leaves its numbers in `result`.
 * @param first binding
 * @param results how many of the kernel's are declared
 */
export function declarations(
  { kernel, views, functions, body, whole }: Translated,
  first: number,
  results: number = resultsOf(kernel),
): string {
  const { lanes } = kernel;
  const array = (elements: number, width: Lanes): string =>
    `array<${typeOf(width)}, ${lengthOf(elements, width)}>`;
  const reads = views.map((view, i) =>
    isGrouped(view)
      ? sourceOfView(i, view, first).declaration
      : bind(first + i, "read", `a${i}`, array(view.elements, view.lanes)),
  );
  const behind = first + views.length;
  const targets = Array.from({ length: results }, (_, i) =>
    bind(behind + i, "read_write", `target${i}`, array(elementsOf(kernel), lanes)),
  );
  return `${[...reads, ...targets].join("\n")}
var<private> threadGid : vec3<u32>;
var<private> result : array<f32, ${lanes}>;
fn fround(x : f32) -> f32 { return x; }
${functions.map((f) => functionOf(f, whole)).join("\n")}
fn cell() {
const data_index : i32 = 0;
${body}
}`;
}

const own = (lanes: Lanes): string =>
  lanes === 4 ? "vec4<f32>(result[0], result[1], result[2], result[3])" : "result[0]";

/**
 * A compute shader around a body that was translated, which puts the numbers that it returns into
 * `result`. The sizes of all tensors are known, so that the driver need not ask for them.
 */
export function wgslModule(translated: Translated): string {
  const { kernel } = translated;
  const [x] = workgroupsOf(kernel);
  const enables = new Set(translated.views.map((view, i) => sourceOfView(i, view).enable));
  return `${[...enables].join("")}${declarations(translated, 0)}
@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) id : vec3<u32>) {
  let index = id.x + id.y * ${x * WORKGROUP}u;
  if (index >= ${cellsOf(kernel)}u) { return; }
  threadGid = vec3<u32>(index, 0u, 0u);
  cell();
  ${kernel.places ? "" : `target0[index] = ${own(kernel.lanes)};`}
}
`;
}

/**
 * What goes on from where a shader of its own has four numbers: a function that takes their place among
 * all groups of four, and them, and stores what comes of them.
 * @param first binding of what the body touches
 */
export const wgslEnding = (translated: Translated, first: number): string =>
  apart(`var<private> led : vec4<f32>;
${declarations(translated, first)}
fn finish(place : u32, numbers : vec4<f32>) {
  threadGid = vec3<u32>(place, 0u, 0u);
  led = numbers;
  cell();
  target0[place] = ${own(4)};
}
`);

/** With names of its own, for the module that it stands in may have been made by `declarations`, too. */
const apart = (code: string): string =>
  code.replace(/\b(a\d+|target\d+|fn_\w+|cell|result|threadGid|fround|led)\b/g, "$1_");

function functionOf({ name, parameters, returnType, body }: WgslFunction, whole: boolean): string {
  const kindOf = (parameter: string): string => (whole && parameter === "n" ? "i32" : "f32");
  const typed = parameters.map((parameter) => `${parameter} : ${kindOf(parameter)}`).join(", ");
  return `fn fn_${name}(${typed}) -> ${returnType === "Number" ? "f32" : "vec4<f32>"} { ${body} }`;
}
