import "./style/simplex.css";
import { at } from "../../tensor/shapes.ts";
import { html } from "../dom.ts";
import { parameters, setParameters } from "../location.ts";
import { createClaimsTable } from "./claimsTable.ts";
import { createControls, createPresets } from "./controls.ts";
import { weight } from "./format.ts";
import { spoken } from "./handles.ts";
import { type Model, type Movable, modelOf } from "./model.ts";
import { formula } from "./notation.ts";
import { createNumbers } from "./numbers.ts";
import { type Plot, planePlot, trianglePlot } from "./plot.ts";
import { type Preset, presets } from "./presets.ts";
import { type Logits, readState, type SimplexState, stateOf, writeState } from "./state.ts";
import { createStrip } from "./strip.ts";
import { winnersAlong } from "./winners.ts";

/** How long a state stands before it is told and written to the address, ms. */
const SETTLED = 400;

/**
 * Fills an element with the simplex of three tokens. Its state is in the address: a link shows the
 * same scene.
 * @returns takes it away again
 */
export function mountSimplex(element: HTMLElement): () => void {
  const notice = html("p", { class: "notice", role: "alert", hidden: true });
  const told = html("p", { class: "unseen", "aria-live": "polite" });
  const move = (which: Movable, to: Logits): void => change({ [which]: to });
  const choose = (preset: Preset): void => show(stateOf(preset));
  const choice = createPresets(choose);
  const [corner, plane] = [trianglePlot(move), planePlot(move)];
  const controls = createControls((by) => change(by));
  const [strip, numbers, claims] = [createStrip(), createNumbers(), createClaimsTable()];
  const parts: readonly Plot[] = [choice, corner, plane, controls, strip, numbers, claims];
  let state = stateOf(at(presets, 0));
  let frame = 0;
  let settled: ReturnType<typeof setTimeout> | undefined;

  function draw(): void {
    frame = 0;
    const model = modelOf(state);
    for (const part of parts) part.update(model);
  }

  function show(next: SimplexState): void {
    state = next;
    frame ||= requestAnimationFrame(draw);
    clearTimeout(settled);
    settled = setTimeout(settle, SETTLED);
  }

  function change(by: Partial<SimplexState>): void {
    show({ ...state, ...by });
  }

  function settle(): void {
    told.textContent = summary(modelOf(state));
    setParameters((address) => {
      for (const name of [...address.keys()]) if (name.startsWith("x.")) address.delete(name);
      for (const [name, value] of Object.entries(writeState(state))) address.set(name, value);
    });
  }

  /** Takes the state from the address, if it says anything. */
  function read(): void {
    const address = parameters();
    if (![...address.keys()].some((name) => name.startsWith("x."))) return;
    try {
      show(readState(address));
      notice.hidden = true;
    } catch (error) {
      notice.textContent = `This link cannot be shown. ${(error as Error).message}`;
      notice.hidden = false;
    }
  }

  element.replaceChildren(
    html(
      "div",
      { class: "simplex" },
      html("h2", {}, "Three tokens"),
      html(
        "p",
        {},
        ...formula(
          "A model’s choice among three tokens is a point. Drag p, what the model says, and p_sft, what fine-tuning would have it say, or move them with the arrow keys: the anchors lie on paths between the two, and each outer step goes a part α of what is left.",
        ),
      ),
      notice,
      choice.element,
      html("div", { class: "plots" }, corner.element, plane.element, controls.element),
      strip.element,
      numbers.element,
      claims.element,
      told,
    ),
  );
  draw();
  read();
  addEventListener("hashchange", read);
  return () => {
    removeEventListener("hashchange", read);
    cancelAnimationFrame(frame);
    clearTimeout(settled);
    element.replaceChildren();
  };
}

/** The scene in words. */
function summary({ logit, probability, preset }: Model): string {
  const winner = ({ path, p, s, weight: w }: Model["logit"]) =>
    preset.tokens[winnersAlong(path, p, s).findLast(({ from }) => from <= w)?.token ?? 0];
  return [
    `Weight ${weight(logit.weight)}.`,
    `Logit anchor: ${spoken(logit.q, preset.tokens)}; ${winner(logit)} wins.`,
    `Probability anchor: ${spoken(probability.q, preset.tokens)}; ${winner(probability)} wins.`,
  ].join(" ");
}
