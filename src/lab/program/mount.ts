import "./program.css";
import { methodNames } from "../../anchored/objectives/names.ts";
import type { Backend } from "../../engines/create.ts";
import { html } from "../dom.ts";
import { parameters, setParameters } from "../location.ts";
import { recipes, studyNames } from "../setup/setup.ts";
import { startWorker } from "../worker/start.ts";
import type { Answer } from "./inspecting.ts";
import type { Listing } from "./listing.ts";
import { byOperation, memoryPicture, overview } from "./overview.ts";
import { createStepTable, type Order } from "./stepTable.ts";

const engines: Readonly<Partial<Record<Backend, string>>> = {
  wasm: "WebAssembly",
  webgl2: "WebGL 2, through GPU.js",
  webgpu: "WebGPU, through GPU.js",
};
const methods: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(methodNames).map(([method, { label }]) => [method, label]),
);
const orders: Readonly<Record<Order, string>> = {
  part: "by part of the model",
  program: "as they run",
  time: "longest first",
  bytes: "most bytes first",
};

/** Steps that are timed. */
const REPEATS = 20;

/**
 * Fills an element with a training step taken apart: its operations, kernels, memory and times. A
 * worker traces and times it.
 * @returns takes it away again
 */
export function mountProgram(element: HTMLElement): () => void {
  const status = html("p", { role: "status", class: "muted" });
  const result = html("div", { class: "result" });
  let worker: Worker | undefined;

  function ask(): void {
    worker?.terminate();
    setParameters((address) => {
      for (const [name, select] of Object.entries(choices)) address.set(`g.${name}`, select.value);
    });
    status.textContent = "Tracing and timing …";
    result.setAttribute("aria-busy", "true");
    worker = startWorker("inspecting");
    worker.onmessage = ({ data }: MessageEvent<Answer>) => answer(data);
    worker.onerror = ({ message }) => answer({ kind: "failed", message });
    worker.postMessage({
      recipe: recipes[choices.recipe.value],
      method: choices.method.value,
      backend: choices.engine.value,
      repeats: REPEATS,
    });
  }

  function answer(said: Answer): void {
    worker?.terminate();
    worker = undefined;
    result.removeAttribute("aria-busy");
    if (said.kind === "failed") {
      status.textContent = `That did not work: ${said.message}`;
      result.replaceChildren();
      return;
    }
    status.textContent = `Traced on ${said.listing.device}. ${timesSaid(said.listing)}`;
    result.replaceChildren(...shownListing(said.listing));
  }

  const choices = {
    recipe: choice(studyNames, "recipe"),
    method: choice(methods, "method"),
    engine: choice(engines, "engine"),
  };
  element.replaceChildren(
    html(
      "div",
      { class: "program" },
      html("h2", {}, "A training step, taken apart"),
      html(
        "p",
        {},
        "A tensor is a description; the engine traces the training function once and runs a straight-line program. This is the program that fine-tuning runs, with random weights: open an operation to see the kernel that computes it.",
      ),
      html(
        "form",
        {
          class: "row",
          onsubmit: (event: Event) => {
            event.preventDefault();
            ask();
          },
        },
        html("label", {}, "Model ", choices.recipe),
        html("label", {}, "Method ", choices.method),
        html("label", {}, "Engine ", choices.engine),
        html("button", { class: "primary" }, "Take it apart"),
      ),
      status,
      result,
    ),
  );
  ask();
  return () => {
    worker?.terminate();
    element.replaceChildren();
  };
}

function choice(options: Readonly<Record<string, string>>, name: string): HTMLSelectElement {
  const select = html(
    "select",
    {},
    ...Object.entries(options).map(([value, text]) => html("option", { value }, text)),
  );
  const wanted = parameters().get(`g.${name}`);
  if (wanted !== null && Object.hasOwn(options, wanted)) select.value = wanted;
  return select;
}

const timesSaid = ({ backend }: Listing): string =>
  backend === "wasm"
    ? "Single operations are timed where they stand, one after another on one thread; the time of a whole step is the engine’s, with the loss read back."
    : "The GPU is timed as a whole, with the loss read back: it tells nothing of single operations.";

function shownListing(listing: Listing): HTMLElement[] {
  const table = createStepTable(listing);
  const filter = html("input", {
    type: "search",
    placeholder: "matmul backward q_proj …",
    oninput: () => show(),
  });
  const order = html(
    "select",
    { onchange: () => show() },
    ...Object.entries(orders).map(([value, text]) => html("option", { value }, text)),
  );
  const show = (): void => table.show(filter.value, order.value as Order);
  return [
    overview(listing),
    html(
      "div",
      { class: "pictures" },
      byOperation(listing),
      memoryPicture(listing, (step) => table.open(step)),
    ),
    html("h3", {}, "Operations"),
    html(
      "div",
      { class: "row" },
      html("label", {}, "Find ", filter),
      html("label", {}, "Order ", order),
    ),
    table.element,
  ];
}
