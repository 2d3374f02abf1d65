import "./explain.css";
import { html } from "../dom.ts";
import { logSoftmax } from "../simplex/distributions.ts";
import { formula } from "../simplex/notation.ts";
import { findPreset, type Preset } from "../simplex/presets.ts";
import {
  anchors,
  certificates,
  type Figure,
  fineTuned,
  innerLoop,
  MOST_INNER,
  manySteps,
  type Setting,
  snapshots,
} from "./figures.ts";
import { equation, row, sub, sup } from "./math.ts";

interface Chapter {
  readonly title: string;
  readonly text: string;
  readonly equation: () => Element;
  readonly figure: Figure;
  /** Settings that can be changed here; all figures follow. */
  readonly sliders: readonly (keyof typeof sliders)[];
  /** Presets of the simplex, with what the link says. */
  readonly links: readonly (readonly [preset: string, text: string])[];
}

const sliders = {
  alpha: { text: "how far each step aims (α)", min: 0, max: 1, step: 0.05 },
  inner: { text: "steps of the inner loop", min: 0, max: MOST_INNER, step: 1 },
  outer: { text: "number of outer steps (T)", min: 1, max: 8, step: 1 },
} as const;

const chapters: readonly Chapter[] = [
  {
    title: "Fine-tune as usual, and keep the result apart",
    text: "Supervised fine-tuning makes the responses of the data likelier, token by token. It gives p_sft, which has learned the task, and whatever else was in the data: here the worked answer, and an alien sign-off that the base would hardly ever write. Used as it is, p_sft forgets. So it is frozen, and only shows the way.",
    equation: () =>
      equation(
        "the loss of fine-tuning is the sum of minus log p theta of each response token",
        "L = − Σ log",
        sub("p", "θ"),
        "(",
        sub("y", "i"),
        "| x ,",
        sub("y", "< i"),
        ")",
      ),
    figure: fineTuned,
    sliders: [],
    links: [["study", "Move the two models"]],
  },
  {
    title: "Start again from the base, and take a snapshot",
    text: "The student begins where the base is. At the start of each outer step it is frozen as p_t, the model that this step must not leave too far behind. Nothing is copied: parameters are immutable, so a snapshot is an assignment.",
    equation: () => equation("p t is p theta", sub("p", "t"), "=", sub("p", "θ")),
    figure: snapshots,
    sliders: ["outer"],
    links: [],
  },
  {
    title: "Put an anchor between the two",
    text: "The target of the step is the anchor q_t, a part α of the way from the snapshot to p_sft, as a straight line between their logits. What the base half knew wins early on this line; what it never did wins late.",
    equation: () =>
      equation(
        "the anchor is proportional to p t to the one minus alpha times p sft to the alpha",
        sub("q", "t"),
        "∝",
        sup(sub("p", "t"), "1 − α"),
        sup(sub("p", "sft"), "α"),
      ),
    figure: anchors,
    sliders: ["alpha"],
    links: [
      ["latent", "A latent skill is adopted"],
      ["alien", "An alien habit is refused"],
      ["bridge", "A choice that is nobody’s"],
    ],
  },
  {
    title: "Train towards the anchor",
    text: "For K epochs the student minimises its divergence from the anchor on the response tokens, by gradient descent like any other training. It never gets there exactly. Here the student is just three logits.",
    equation: () =>
      equation(
        "minimise KL of q t from p theta",
        "min KL (",
        sub("q", "t"),
        "‖",
        sub("p", "θ"),
        ")",
      ),
    figure: innerLoop,
    sliders: ["inner"],
    links: [["loss", "Why a small loss is not enough"]],
  },
  {
    title: "Certify the step",
    text: "Whatever the optimizer did, how far the step went is bounded by numbers that can be measured. Every outer step of a run is checked, token by token; a run in which the bound fails stops. The bound speaks of the tokens on which it is measured, and of no others.",
    equation: () =>
      equation(
        "KL of p t from p t plus one is at most alpha times KL of p t from p sft plus delta t",
        "KL (",
        sub("p", "t"),
        "‖",
        sub("p", "t + 1"),
        ") ≤ α KL (",
        sub("p", "t"),
        "‖",
        sub("p", "sft"),
        ") +",
        sub("δ", "t"),
      ),
    figure: certificates,
    sliders: ["inner", "alpha"],
    links: [
      ["certificate", "Drag where the optimizer ends"],
      ["reverse", "The other direction has no such bound"],
    ],
  },
  {
    title: "Again, T times, but not for ever",
    text: "Each outer step goes a part α of what is left. With exact steps only the total weight counts, and it tends to one: in the end the student is p_sft, and has forgotten as much. The paper’s α = 0.5 and T = 5 come to 0.97; the study’s headline stops at 0.44.",
    equation: () =>
      equation(
        "a T is one minus one minus alpha to the T",
        sub("a", "T"),
        "= 1 −",
        sup(row("( 1 − α )"), "T"),
      ),
    figure: manySteps,
    sliders: ["alpha", "outer"],
    links: [
      ["paper", "Five steps of α = ½"],
      ["sum", "Why bounds of steps do not add up"],
    ],
  },
];

/** Fills an element with the algorithm in a few chapters, whose figures share one example. */
export function mountExplain(element: HTMLElement): () => void {
  const study = findPreset("study") as Preset;
  let setting: Setting = {
    tokens: study.tokens,
    base: logSoftmax(study.p),
    sft: logSoftmax(study.s),
    alpha: 0.25,
    inner: 4,
    outer: 2,
  };
  const updates: (() => void)[] = [];
  const change = (by: Partial<Setting>): void => {
    setting = { ...setting, ...by };
    for (const update of updates) update();
  };
  const made = chapters.map((chapter) => {
    const figure = html("figure");
    updates.push(() => figure.replaceChildren(...chapter.figure(setting)));
    return html(
      "li",
      {},
      html(
        "div",
        { class: "told" },
        html("h3", {}, chapter.title),
        html("p", {}, ...formula(chapter.text)),
        chapter.equation(),
        linksOf(chapter),
      ),
      html("div", { class: "shown panel" }, ...chapter.sliders.map(slider), figure),
    );
  });

  function slider(name: keyof typeof sliders): HTMLElement {
    const { text, ...range } = sliders[name];
    const input = html("input", {
      type: "range",
      ...range,
      oninput: () => change({ [name]: input.valueAsNumber }),
    });
    // An output would be what the label names.
    const output = html("span", { class: "value", "aria-hidden": "true" });
    updates.push(() => {
      input.valueAsNumber = setting[name];
      output.textContent = name === "alpha" ? setting.alpha.toFixed(2) : `${setting[name]}`;
    });
    return html("label", {}, html("span", {}, text, " ", output), input);
  }

  element.replaceChildren(
    html(
      "div",
      { class: "explain" },
      html("h2", {}, "How it works"),
      html(
        "p",
        {},
        "Anchored Learning changes one thing about fine-tuning: what the model is trained towards. Follow one answer of one model through it. Move a slider, and every figure after it follows.",
      ),
      html("ol", {}, ...made),
    ),
  );
  for (const update of updates) update();
  return () => element.replaceChildren();
}

function linksOf({ links }: Chapter): HTMLElement | undefined {
  if (links.length === 0) return undefined;
  return html(
    "p",
    { class: "links" },
    ...links.flatMap(([preset, text], i) => [
      i === 0 ? "In the simplex: " : " · ",
      html("a", { href: `#view=simplex&x.preset=${preset}` }, text),
    ]),
  );
}
