import { html } from "../dom.ts";
import { weight } from "./format.ts";
import type { Model } from "./model.ts";
import { formula } from "./notation.ts";
import type { Plot } from "./plot.ts";
import { type Preset, presetGroups } from "./presets.ts";
import { MOST_STEPS, POWERS, rounded, type SimplexState } from "./state.ts";

type Change = (change: Partial<SimplexState>) => void;

/** α, T and what else is drawn. */
export function createControls(change: Change): Plot {
  const alpha = slider("how far each step aims: weight of p_sft (α)", 0, 1, 0.01, (x) =>
    change({ alpha: x }),
  );
  const steps = slider("number of outer steps (T)", 1, MOST_STEPS, 1, (x) => change({ steps: x }));
  const power = slider("power r (0 logit, 1 probability)", ...POWERS, 0.05, (x) =>
    change({ power: x }),
  );
  const total = html("p", { class: "total" });
  const [showPower, powerBox] = checkbox("a power mean between the two", (on) =>
    change({ power: on ? 0.5 : undefined }),
  );
  let current: Model | undefined;
  const [showLanded, landedBox] = checkbox("an inexact inner loop: p′, where it ended", (on) =>
    change({ landed: on && current ? rounded(current.logit.q) : undefined }),
  );
  return {
    element: html(
      "form",
      { class: "controls panel", onsubmit: (event: Event) => event.preventDefault() },
      alpha.element,
      steps.element,
      total,
      showPower,
      power.element,
      showLanded,
      legend(),
    ),
    update(model) {
      current = model;
      const { state } = model;
      alpha.set(state.alpha, state.alpha.toFixed(2));
      steps.set(state.steps, `${state.steps}`);
      power.element.hidden = state.power === undefined;
      power.set(state.power ?? 0, `${state.power ?? 0}`);
      powerBox.checked = state.power !== undefined;
      landedBox.checked = state.landed !== undefined;
      total.replaceChildren(
        ...formula("w = a_T = 1 − (1 − α)^T = "),
        html("b", {}, weight(model.logit.weight)),
      );
    },
  };
}

interface Slider {
  readonly element: HTMLElement;
  set(value: number, text: string): void;
}

function slider(
  text: string,
  min: number,
  max: number,
  step: number,
  input: (x: number) => void,
): Slider {
  const range = html("input", {
    type: "range",
    ...{ min, max, step },
    oninput: () => input(range.valueAsNumber),
  });
  // An output would be what the label names.
  const output = html("span", { class: "value", "aria-hidden": "true" });
  return {
    element: html(
      "label",
      { class: "slider" },
      html("span", { class: "slider-text" }, html("span", {}, ...formula(text)), output),
      range,
    ),
    set(value, shown) {
      range.valueAsNumber = value;
      output.textContent = shown;
    },
  };
}

function checkbox(
  text: string,
  toggle: (on: boolean) => void,
): readonly [element: HTMLElement, box: HTMLInputElement] {
  const box = html("input", { type: "checkbox", onchange: () => toggle(box.checked) });
  return [html("label", { class: "check" }, box, html("span", {}, text)), box];
}

const legend = (): HTMLElement =>
  html(
    "ul",
    { class: "legend", "aria-label": "Legend" },
    ...(
      [
        ["logit", "logit path and its steps p_t"],
        ["probability", "probability path"],
        ["power", "power mean"],
        ["flip-key", "bar across: the argmax flips"],
        ["level-key", "likeliest token at 90 %, 99.9 % …"],
      ] as const
    ).map(([kind, text]) => html("li", {}, html("i", { class: `key ${kind}` }), ...formula(text))),
  );

/** Presets to choose from, and the text of the chosen one. */
export function createPresets(choose: (preset: Preset) => void): Plot {
  const buttons = new Map<string, HTMLButtonElement>();
  const text = html("p", { class: "preset-text", "aria-live": "polite" });
  const groups = presetGroups.map(({ label, presets }) =>
    html(
      "div",
      { class: "preset-group", role: "group", "aria-label": label },
      html("span", { class: "group-name", "aria-hidden": "true" }, label),
      ...presets.map((preset) => {
        const button = html(
          "button",
          { type: "button", onclick: () => choose(preset) },
          preset.label,
        );
        buttons.set(preset.id, button);
        return button;
      }),
    ),
  );
  return {
    element: html("div", { class: "presets" }, ...groups, text),
    update({ preset, edited }) {
      for (const [id, button] of buttons)
        button.setAttribute("aria-pressed", `${id === preset.id && !edited}`);
      const said = edited ? `Changed from “${preset.label}”.` : preset.text;
      if (text.dataset["said"] === said) return;
      text.dataset["said"] = said;
      text.replaceChildren(...formula(said));
    },
  };
}
