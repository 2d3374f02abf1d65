import type { RowRecipe } from "../../experiment/recipe.ts";
import { html } from "../dom.ts";
import { baseRow, type Run, tunedRows } from "../runs/run.ts";
import { colorOf, shortName } from "../views/colors.ts";
import type { View } from "../views/view.ts";
import type { Sample } from "../worker/protocol.ts";
import { verdictOf } from "./verdict.ts";
import { inWords, judged } from "./words.ts";

/** What one sees first: a question, what each model answers, and what that comes to in words. */
export function answersView(): View {
  const table = html("div", {
    class: "scroll answers",
    tabindex: 0,
    role: "region",
    "aria-label": "A question and its answers",
  });
  const verdict = html("p", { class: "verdict", "aria-live": "polite" });
  const element = html("section", { class: "answers-view" }, table, verdict);
  let drawn = "";
  return {
    element,
    update({ run }) {
      element.hidden = !run;
      if (!run) return;
      verdict.textContent = verdictOf(run);
      const rows = shownRows(run);
      const now = `${run.name} ${rows.filter(({ id }) => run.samples[id]).map(({ id }) => id)}`;
      if (now === drawn) return;
      drawn = now;
      table.replaceChildren(answersTable(run, rows));
    },
  };
}

/** The base, ordinary fine-tuning and the method that the run is about. */
function shownRows(run: Run): readonly RowRecipe[] {
  const { reference, headline } = run.recipe;
  return [baseRow(run), ...tunedRows(run).filter(({ id }) => id === reference || id === headline)];
}

/** One question of the target, and the first of a skill that some models answer and others do not. */
function chosenQuestions(run: Run, rows: readonly RowRecipe[]): readonly number[] {
  const first = run.samples[baseRow(run).id] ?? [];
  const said = rows.flatMap(({ id }) => (run.samples[id] ? [run.samples[id]] : []));
  const isRight = (sample: Sample | undefined): boolean =>
    sample !== undefined && judged(sample).words === "right";
  const target = first.findIndex(({ skill }) => skill === "target");
  const parted = first.findIndex(
    ({ skill }, i) =>
      skill !== "target" && new Set(said.map((samples) => isRight(samples[i]))).size > 1,
  );
  const prior = parted >= 0 ? parted : first.findIndex(({ skill }) => skill !== "target");
  return [target, prior].filter((index) => index >= 0);
}

function answersTable(run: Run, rows: readonly RowRecipe[]): HTMLElement {
  const questions = chosenQuestions(run, rows);
  const first = run.samples[baseRow(run).id] ?? [];
  const kinds = ["The new task", "A skill it had"] as const;
  const head = kinds.map((kind, i) => {
    const sample = first[questions[i] ?? -1];
    return html(
      "th",
      { scope: "col" },
      `${kind}: `,
      html("span", { class: "question" }, sample ? inWords(sample) : "…"),
    );
  });
  return html(
    "table",
    {},
    html("caption", { class: "unseen" }, "Two questions, and what each model answers"),
    html("thead", {}, html("tr", {}, html("td", {}), ...head)),
    html("tbody", {}, ...rows.map((row) => line(run, row, questions))),
  );
}

function line(run: Run, row: RowRecipe, questions: readonly number[]): HTMLElement {
  return html(
    "tr",
    {},
    html(
      "th",
      { scope: "row" },
      html("span", { class: `swatch ${colorOf(row).slice(2)}`, "aria-hidden": "true" }),
      nameOf(run, row),
    ),
    ...[0, 1].map((i) => html("td", {}, spoken(run.samples[row.id]?.[questions[i] ?? -1]))),
  );
}

function nameOf(run: Run, row: RowRecipe): string {
  if (row === baseRow(run)) return "Before";
  if (row.id === run.recipe.reference) return "Ordinary fine-tuning";
  return row.method === "anchored" ? "Anchored Learning" : shortName(row);
}

function spoken(sample: Sample | undefined): Node {
  if (!sample) return html("span", { class: "muted" }, "…");
  const { heard, until, words } = judged(sample);
  const isBare = heard[0] === "#";
  return html(
    "span",
    {},
    html(
      "code",
      {},
      heard.slice(0, isBare ? undefined : until).join(" "),
      ...(isBare || until === heard.length
        ? []
        : [" ", html("u", { class: "wrong" }, heard.slice(until).join(" "))]),
    ),
    html("small", { class: words === "right" ? "right" : "muted" }, ` ${words}`),
  );
}
