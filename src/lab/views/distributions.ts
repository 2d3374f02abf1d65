import type { TokenView } from "../../experiment/measurements.ts";
import { html } from "../dom.ts";
import { distributionsOf, type Run, tunedRows } from "../runs/run.ts";
import type { Storage } from "../runs/storage.ts";
import { readToken, writeToken } from "../tokens/address.ts";
import { createChooser } from "../tokens/chooser.ts";
import { createDesk } from "../tokens/desk.ts";
import { latest } from "../tokens/latest.ts";
import { type Moment, momentsOf } from "../tokens/moments.ts";
import type { Group, Seen, TokenChoice } from "../tokens/protocol.ts";
import { createShortcuts } from "../tokens/shortcuts.ts";
import { createBars } from "./tokenBars.ts";
import type { View } from "./view.ts";

/** What is drawn: an example at a moment of a run. */
interface Scene {
  readonly run: Run;
  readonly groups: readonly Group[];
  readonly moments: readonly Moment[];
  readonly moment: Moment;
  readonly seen: Seen;
}

const WAITS = "Appears when the base has been examined and fine-tuning has begun.";

/** Four distributions of a token that people choose, outer step after outer step, as bars that move. */
export function distributionsView(read: Storage["read"]): View {
  const desk = createDesk(read);
  let run: Run | undefined;
  let choice = readToken();
  /** Follows the newest moment until somebody moves the slider. */
  let at: number | undefined;
  let scene: Scene | undefined;
  let asked = "";

  const choose = (next: TokenChoice): void => {
    const other = next.group !== choice.group || next.index !== choice.index;
    choice = next;
    writeToken(choice);
    if (other) look();
    else draw();
  };
  const shortcuts = createShortcuts(desk.find, choose);
  const chooser = createChooser(choose);
  const bars = createBars();
  const slider = html("input", {
    ...{ type: "range", min: 0, max: 0, step: 1, "aria-label": "Outer step" },
    oninput: () => {
      at = slider.valueAsNumber === Number(slider.max) ? undefined : slider.valueAsNumber;
      look();
    },
  });
  const output = html("output");
  const empty = html("p", { class: "empty" }, WAITS);
  const shown = html(
    "div",
    { hidden: true, class: "sides" },
    html(
      "div",
      {},
      shortcuts.element,
      chooser.element,
      html("label", { class: "step" }, output, slider),
    ),
    html(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": "Distributions" },
      bars.element,
    ),
  );

  const look = latest(async () => {
    try {
      scene = run && (await sceneOf(run));
      empty.textContent = WAITS;
    } catch (error) {
      scene = undefined;
      empty.textContent = `This token cannot be shown: ${(error as Error).message}`;
    }
    draw();
  });

  async function sceneOf(of: Run): Promise<Scene | undefined> {
    if (momentsOf(of).length === 0) return undefined;
    const groups = await desk.study(of);
    const moments = await desk.moments(of);
    const moment = moments[at ?? moments.length - 1] ?? moments.at(-1);
    if (!moment) throw new Error("the weights of this run were not kept");
    await shortcuts.update(of.name, watchedIn(of));
    return { run: of, groups, moments, moment, seen: await seeChosen(of, moment, groups) };
  }

  /** A link may ask for what this study has not. */
  async function seeChosen(of: Run, moment: Moment, groups: readonly Group[]): Promise<Seen> {
    const group = groups.find(({ name }) => name === choice.group);
    if (!group?.prompts[choice.index]) choice = { group: "target", index: 0, position: 0 };
    const wanted = choice;
    const seen = await desk.see(of, moment, wanted);
    if (wanted === choice && !seen.response[choice.position]) choice = { ...choice, position: 0 };
    return seen;
  }

  let offered: readonly Group[] | undefined;
  function draw(): void {
    shown.hidden = !scene;
    empty.hidden = scene !== undefined;
    if (!scene) return;
    const { groups, moments, moment, seen } = scene;
    if (offered !== groups) chooser.offer(groups);
    offered = groups;
    slider.max = `${moments.length - 1}`;
    slider.value = `${moments.indexOf(moment)}`;
    slider.hidden = moments.length < 2;
    output.textContent = titleOf(moment, moments.length);
    shortcuts.show(choice);
    chooser.show(choice, seen);
    const token = seen.response[choice.position];
    if (token) bars.update(token);
  }

  addEventListener("hashchange", () => {
    choice = readToken();
    look();
  });
  const element = html(
    "section",
    { class: "chart wide distributions" },
    html("h3", {}, "One token, four distributions"),
    shown,
    empty,
    html("p", { class: "muted" }, ...about),
  );
  return {
    element,
    update(all) {
      // A recording holds no weights to look into.
      element.hidden = all.run?.status === "recorded";
      if (element.hidden) return;
      if (all.run?.name !== run?.name) at = undefined;
      run = all.run;
      const now = run ? `${run.name} ${run.student?.version} ${watchedIn(run).length}` : "";
      const moments = run ? momentsOf(run) : [];
      const more = `${moments.length} ${moments.at(-1)?.live}`;
      if (asked === `${now} ${more}`) return;
      asked = `${now} ${more}`;
      look();
    },
  };
}

const about = [
  "Choose any example and any token of its answer; lines under the tokens show how far the step has moved each. ",
  "The anchor lies between what the student said when the outer step began and what the fine-tuned model (p_sft) says; the student moves onto it. ",
  "In logits the anchor is a weighted geometric mean, so a symbol that the student finds all but impossible, as the sign-off's letters, stays so.",
] as const;

/** The tokens that the study itself tells of, of the newest outer step. */
function watchedIn(run: Run): readonly TokenView[] {
  const all = tunedRows(run).flatMap((row) => distributionsOf(run, row).slice(-1));
  return all.reduce<readonly TokenView[]>(
    (most, { tokens }) => (tokens.length > most.length ? tokens : most),
    [],
  );
}

function titleOf({ row, outer, alpha, live }: Moment, moments: number): string {
  const now = live ? ", in training" : "";
  if (alpha === undefined) return `${row.label}${live ? now : ", the whole training"}`;
  const steps = Math.max(moments, "outer" in row ? (row.outer ?? 1) : 1);
  return `Outer step ${outer + 1} of ${steps}, α = ${Number(alpha.toPrecision(3))}${now}`;
}
