import type { Plan } from "../../compile/plan.ts";
import type { KernelText } from "../../engines/device.ts";
import type { CompiledSource, Execution } from "./listing.ts";

/** What each GPU.js back end compiles to. */
const languages: Readonly<Record<string, string>> = {
  webgpu: "WGSL",
  webgl2: "GLSL",
  webgl: "GLSL",
  headlessgl: "GLSL",
};

/**
 * The launches of a GPU's program, step by step, with the text of each kernel once.
 * @param launches in order; one may compute several steps at once
 */
export function launchesOf(
  plan: Plan,
  launches: readonly KernelText[],
  backend: string,
): Pick<Execution, "kernels" | "sources" | "sourcesOf"> {
  const kernels = plan.steps.map((): string[] => []);
  const sourcesOf = plan.steps.map((): number[] => []);
  const sources: CompiledSource[] = [];
  const known = new Map<string, number>();
  for (const { steps, ops, source, compiled } of launches) {
    const text = `${source}\n${compiled ?? ""}`;
    const index = known.get(text) ?? sources.length;
    if (index === sources.length) {
      known.set(text, index);
      sources.push({
        name: ops.join(" + "),
        texts: [
          { language: "GPU.js kernel", text: source },
          ...(compiled === undefined
            ? []
            : [{ language: languages[backend] ?? "compiled", text: compiled }]),
        ],
      });
    }
    for (const step of steps) {
      kernels[step]?.push(sources[index]?.name ?? "");
      if (!sourcesOf[step]?.includes(index)) sourcesOf[step]?.push(index);
    }
  }
  return { kernels, sources, sourcesOf };
}
