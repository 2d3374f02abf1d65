import { html } from "../dom.ts";

const sub = (letter: string, index: string): Node =>
  html("span", { class: "symbol" }, html("i", {}, letter), html("sub", {}, index));

/** What happens on this page, in four steps. */
export function story(): HTMLElement {
  const step = (title: string, ...text: readonly (Node | string)[]): HTMLElement =>
    html("li", {}, html("strong", {}, title), " ", ...text);
  return html(
    "details",
    { class: "story" },
    html("summary", {}, "What happens here, in four steps"),
    html(
      "ol",
      {},
      step(
        "The base.",
        "A small transformer has learned a few skills: reversing letters, converting units, logic. It has also seen a target task, but mostly answered curtly.",
      ),
      step(
        "Fine-tuning.",
        "Worked answers to the target teach it the other style; each ends in random letters, as real data carry noise. The result (called ",
        sub("p", "sft"),
        ") masters the target, adds letters to everything and forgets its skills.",
      ),
      step(
        "Anchored Learning.",
        "A student starts from the base again. Each outer step freezes a snapshot ",
        sub("p", "t"),
        ", sets an anchor a fraction α of the way to ",
        sub("p", "sft"),
        ", and trains towards it. How far each step went is measured beside the bound that exact steps have, on the tokens of the data.",
      ),
      step(
        "The comparison.",
        "Same base, same data, same order, same optimizer. Press Start, then turn a knob and press it again: runs stay to be compared.",
      ),
    ),
  );
}
