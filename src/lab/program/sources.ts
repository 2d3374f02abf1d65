/** The kernels' own sources, as they stand in the repository; a chunk of its own. */
const wasm = import.meta.glob<string>("../../../kernels/wasm/**/*.ts", {
  query: "?raw",
  import: "default",
  eager: true,
});
const gpu = import.meta.glob<string>("../../../kernels/gpu/**/*.ts", {
  query: "?raw",
  import: "default",
  eager: true,
});

export interface Source {
  /** Path in the repository. */
  readonly file: string;
  readonly text: string;
}

/** An AssemblyScript kernel, "file.function". */
export function wasmKernel(name: string): Source | undefined {
  const [module, kernel] = name.split(".");
  const found = Object.entries(wasm).find(([path]) => path.endsWith(`/${module}.ts`));
  return found && { file: fileOf(found[0]), text: declared(found[1], `${kernel}`) };
}

/** What writes the GPU.js kernels of an operation. */
export function gpuKernel(op: string): Source | undefined {
  const found = Object.entries(gpu).find(([, text]) => text.includes(`export const ${op}:`));
  return found && { file: fileOf(found[0]), text: declared(found[1], op) };
}

const fileOf = (path: string): string => path.replace(/^(\.\.\/)+/, "");

/** One declaration of a file with its comment; the file where there is none of that name. */
function declared(text: string, name: string): string {
  const paragraphs = text.split(/\n\n(?=\S)/);
  const start = new RegExp(`^export (function|const) ${name}\\b`, "m");
  return paragraphs.find((paragraph) => start.test(paragraph))?.trim() ?? text.trim();
}
