import { heeds } from "../../anchored/objectives/kinds.ts";
import { html } from "../dom.ts";
import type { Run } from "../runs/run.ts";
import { challengerNames } from "./challengers.ts";
import { consequence } from "./consequence.ts";
import { type KnobField, knobFields, knobs } from "./knobs.ts";
import { defaultSetup, hasSurety, type Setup, studyNames } from "./setup.ts";
import { SURETY_LABEL, suretyChoices } from "./surety.ts";

/** The controls that make a setup. */
export interface Form {
  readonly element: HTMLElement;
  get(): Setup;
  set(setup: Setup): void;
  /** Says something about the study. */
  tell(text: string): void;
  /** Says whose settings these are while a run goes on. */
  mark(run: Run | undefined): void;
}

const engines = {
  auto: "Automatic: a graphics card, else WebAssembly",
  wasm: "WebAssembly",
  webgl2: "WebGL 2",
  webgpu: "WebGPU",
} as const;

/** @param changed is told of each change of a control */
export function setupForm(initial: Setup, changed: (setup: Setup) => void): Form {
  let setup = initial;
  const parts: Part[] = [];
  function change(next: Partial<Setup>): void {
    setup = { ...setup, ...next };
    refresh();
    changed(setup);
  }
  function refresh(): void {
    for (const part of parts) part.show(setup);
  }
  const add = (part: Part): HTMLElement => {
    parts.push(part);
    return part.element;
  };
  const told = html("p", { class: "muted consequence" });
  const marked = html(
    "p",
    { class: "next-run", hidden: true },
    "For the next run: the one that goes on keeps its settings.",
  );
  const note = html("p", { class: "muted consequence" });
  parts.push({ element: note, show: (now) => (note.textContent = consequence(now)) });
  const element = html(
    "form",
    {
      class: "setup",
      "aria-label": "Settings of the run",
      onsubmit: (e: Event) => e.preventDefault(),
    },
    marked,
    html(
      "fieldset",
      {},
      html("legend", {}, "Study"),
      add(
        choice(
          "Model and target",
          studyNames,
          ({ recipe }) => recipe,
          (recipe) => change({ ...defaultSetup(recipe), seed: setup.seed, engine: setup.engine }),
        ),
      ),
      add(seedField((seed) => change({ seed }))),
      add(
        toggle(
          "Pre-train the base here",
          ({ scratch }) => scratch,
          (scratch) => change({ scratch }),
        ),
      ),
      told,
    ),
    html(
      "fieldset",
      {},
      html("legend", {}, "Against ordinary fine-tuning"),
      add(
        choice(
          "Method",
          challengerNames,
          ({ method }) => method,
          (method) => change({ method: method as Setup["method"] }),
        ),
      ),
      add(spaceChoice((space) => change({ space }))),
      add(suretyChoice((surety) => change({ surety }))),
      ...knobFields.map((field) => add(slider(field, (value) => change({ [field]: value })))),
      note,
    ),
    html(
      "fieldset",
      {},
      html("legend", {}, "Engine"),
      add(
        choice(
          "Where it runs",
          engines,
          ({ engine }) => engine,
          (engine) => change({ engine: engine as Setup["engine"] }),
        ),
      ),
    ),
  );
  refresh();
  return {
    element,
    get: () => setup,
    set(next) {
      setup = next;
      refresh();
    },
    tell: (text) => {
      told.textContent = text;
    },
    mark(run) {
      marked.hidden = run === undefined;
      element.classList.toggle("next", run !== undefined);
    },
  };
}

/** A control that shows its part of the setup. */
interface Part {
  readonly element: HTMLElement;
  readonly show: (setup: Setup) => void;
}

function choice(
  name: string,
  choices: Readonly<Record<string, string>>,
  read: (setup: Setup) => string,
  write: (value: string) => void,
): Part {
  const select = html(
    "select",
    { onchange: () => write(select.value) },
    ...Object.entries(choices).map(([value, text]) => html("option", { value }, text)),
  );
  return {
    element: html("label", { class: "field" }, html("span", {}, name), select),
    show: (setup) => {
      select.value = read(setup);
    },
  };
}

function spaceChoice(write: (space: Setup["space"]) => void): Part {
  const spaces = {
    logit: "in logits (geometric mean)",
    probability: "in probabilities (arithmetic mean)",
  };
  return shownWhile(
    ({ method }) => heeds(method, "interpolation"),
    choice(
      "Where the anchor lies between the two",
      spaces,
      ({ space }) => space,
      (space) => write(space as Setup["space"]),
    ),
  );
}

function suretyChoice(write: (surety: Setup["surety"]) => void): Part {
  return shownWhile(
    ({ method }) => method === "anchored",
    choice(
      SURETY_LABEL,
      suretyChoices,
      ({ surety }) => surety,
      (surety) => write(surety as Setup["surety"]),
    ),
  );
}

/** A part that hides where the setup has no use for it. */
const shownWhile = (isUsed: (setup: Setup) => boolean, part: Part): Part => ({
  element: part.element,
  show: (setup) => {
    part.element.hidden = !isUsed(setup);
    part.show(setup);
  },
});

function seedField(write: (seed: number) => void): Part {
  const input = html("input", {
    ...{ type: "number", min: 0, max: 2 ** 31, step: 1, inputmode: "numeric" },
    onchange: () => {
      if (input.validity.valid && input.value !== "") write(input.valueAsNumber);
    },
  });
  return {
    element: html("label", { class: "field" }, html("span", {}, "Seed"), input),
    show: ({ seed }) => {
      input.value = `${seed}`;
    },
  };
}

function toggle(
  name: string,
  read: (setup: Setup) => boolean,
  write: (value: boolean) => void,
): Part {
  const input = html("input", { type: "checkbox", onchange: () => write(input.checked) });
  return {
    element: html("label", { class: "check" }, input, " ", name),
    show: (setup) => {
      input.checked = read(setup);
    },
  };
}

function slider(field: KnobField, write: (value: number) => void): Part {
  const { label, about, min, max, step, scale, methods } = knobs[field];
  const output = html("output");
  const input = html("input", {
    ...{ type: "range", min, max, step },
    "aria-describedby": `about-${field}`,
    oninput: () => write(scale ? scale.from(input.valueAsNumber) : input.valueAsNumber),
  });
  const element = html(
    "div",
    { class: "knob" },
    html("label", {}, html("span", {}, label), input),
    output,
    html("small", { id: `about-${field}`, class: "muted" }, about),
  );
  return {
    element,
    show: (setup) => {
      const value = setup[field];
      const isFound = hasSurety(setup) && (field === "alpha" || field === "budget");
      element.hidden = !methods.includes(setup.method) || isFound;
      input.value = `${scale ? scale.to(value) : value}`;
      const text = field === "learningRate" ? value.toExponential() : `${value}`;
      input.setAttribute("aria-valuetext", text);
      output.textContent = text;
    },
  };
}
