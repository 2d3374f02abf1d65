import { at } from "../../tensor/shapes.ts";
import { html } from "../dom.ts";
import { bytes, shape, time } from "./figures.ts";
import type { ListedStep, ListedValue, Listing } from "./listing.ts";

/** All about one operation, with links to those it reads from and those that read it. */
export function details(listing: Listing, index: number, go: (step: number) => void): HTMLElement {
  const step = at(listing.steps, index);
  const buffer = listing.buffers[step.output.buffer];
  const readers = listing.steps.flatMap(({ inputs }, i) =>
    inputs.some((input) => input.buffer === step.output.buffer) ? [i] : [],
  );
  const link = (i: number): HTMLElement =>
    html(
      "button",
      { type: "button", class: "link", onclick: () => go(i) },
      `${i} ${listing.steps[i]?.op}`,
    );
  const origin = (input: ListedValue): (Node | string)[] => {
    const maker = listing.steps.findIndex(({ output }) => output.buffer === input.buffer);
    const what = `${input.name} ${shape(input.shape)} ${input.path ?? ""} `;
    return maker < 0 ? [what] : [what, "from ", link(maker)];
  };
  const sources = html("div", { class: "sources" }, html("p", { class: "muted" }, "Loading …"));
  void fillSources(sources, listing, step);
  return html(
    "div",
    { class: "details" },
    html(
      "dl",
      {},
      entry("makes", `${step.output.name} ${shape(step.output.shape)}, ${step.output.dtype}`),
      ...step.inputs.map((input) => entry("reads", ...origin(input))),
      ...(step.attrs === "" ? [] : [entry("with", html("code", {}, step.attrs))]),
      entry(
        "read by",
        ...(readers.length === 0
          ? ["nobody here: it is a result"]
          : readers.flatMap((i) => [link(i), " "])),
      ),
      entry(
        "memory",
        buffer?.offset === undefined
          ? `${bytes(buffer?.bytes ?? 0)} of its own`
          : `${bytes(buffer.bytes)} at ${buffer.offset}, until operation ${buffer.last}`,
      ),
      ...(step.time === undefined ? [] : [entry("time", time(step.time), rate(step))]),
    ),
    sources,
  );
}

const entry = (name: string, ...value: (Node | string)[]): HTMLElement =>
  html("div", {}, html("dt", {}, name), html("dd", {}, ...value));

function rate({ flop, bytes: moved, time: taken = 0 }: ListedStep): string {
  if (taken === 0) return "";
  return flop > 0
    ? `, ${(flop / taken / 1e6).toFixed(1)} GFLOP/s`
    : `, ${(moved / taken / 1e6).toFixed(1)} GB/s`;
}

async function fillSources(
  element: HTMLElement,
  { backend, sources }: Listing,
  step: ListedStep,
): Promise<void> {
  const { wasmKernel, gpuKernel } = await import("./sources.ts");
  const own =
    backend === "wasm"
      ? [...new Set(step.kernels)].flatMap((name) => wasmKernel(name) ?? [])
      : [gpuKernel(step.op)].flatMap((source) => source ?? []);
  const compiled = step.sources.flatMap((i) => sources[i] ?? []);
  const texts = [
    ...own.map(({ file, text }) => [file, text] as const),
    ...compiled.flatMap(({ name, texts }) =>
      texts.map(({ language, text }) => [`${name}: ${language}`, text] as const),
    ),
  ];
  if (texts.length === 0) {
    element.replaceChildren(
      html("p", { class: "muted" }, "No kernel runs: those that read it read the number itself."),
    );
    return;
  }
  element.replaceChildren(
    ...texts.map(([name, text], i) =>
      html(
        "details",
        { open: i === 0 },
        html("summary", {}, name),
        html("pre", { tabindex: 0, "aria-label": name }, html("code", {}, text)),
      ),
    ),
  );
}
