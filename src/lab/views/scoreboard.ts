import type { RowRecipe } from "../../experiment/recipe.ts";
import { stepsOf } from "../../experiment/summary/steps.ts";
import { nats, percent } from "../../report/format.ts";
import { html } from "../dom.ts";
import {
  attemptOf,
  baseRow,
  certificatesOf,
  type Look,
  looksOf,
  progressOf,
  type Run,
  resultOf,
} from "../runs/run.ts";
import { colorOf } from "./colors.ts";
import type { View } from "./view.ts";

/** The run in a table: a row for each method, with what it learned and what it kept. */
export function scoreboard(): View {
  const body = html("tbody");
  const head = (text: string, title: string, number = true): HTMLElement =>
    html("th", { scope: "col", class: number ? "number" : undefined, title }, text);
  const table = html(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": "Results" },
    html(
      "table",
      {},
      html("caption", { class: "unseen" }, "Same base, same data, same order, same optimizer"),
      html(
        "thead",
        {},
        html(
          "tr",
          {},
          head("Method", "", false),
          head("Target learned", "Target questions answered with their working, exactly right"),
          head("Skills kept", "Mean exact match of the prior skills, as a share of the base's"),
          head("KL from base", "KL(base ‖ θ) on answers to the prior skills, nats a token"),
          head("Sign-off", "Answers followed by the meaningless letters of the training data"),
          head("Of bound", "How far its outer steps went, as a share of the linear bound"),
          head("Now", "", false),
        ),
      ),
      body,
    ),
  );
  const element = html(
    "div",
    { class: "scoreboard" },
    table,
    html(
      "p",
      { class: "muted" },
      "Skills kept: of the answers to old skills that the base gets right. KL from base: how far those answers have moved, in nats a token. Sign-off: answers that end in the random letters of the training data. Of bound: how much of what its bound allows a step went.",
    ),
  );
  return {
    element,
    update({ run }) {
      body.replaceChildren(...(run ? run.recipe.rows.map((row) => line(run, row)) : []));
    },
  };
}

function line(run: Run, row: RowRecipe): HTMLElement {
  const isBase = row === baseRow(run);
  const look = isBase ? baseLook(run) : looksOf(run, row).at(-1);
  const certificates = certificatesOf(run, row);
  const { ofBound } = stepsOf(certificates) ?? {};
  const number = (text: string | Node): HTMLElement => html("td", { class: "number" }, text);
  return html(
    "tr",
    {},
    html(
      "th",
      { scope: "row" },
      html("span", { class: `swatch ${colorOf(row).slice(2)}`, "aria-hidden": "true" }),
      html("span", { class: "name" }, row.label),
    ),
    number(look ? meter(look.target, colorOf(row)) : "–"),
    number(look ? meter(look.kept, colorOf(row)) : "–"),
    number(look ? nats(look.klFromBase) : "–"),
    number(look ? `${percent(look.signOff, 0)} %` : "–"),
    number(ofBound !== undefined && Number.isFinite(ofBound) ? `${percent(ofBound, 0)} %` : "–"),
    html("td", {}, now(run, row)),
  );
}

function baseLook(run: Run): Pick<Look, "target" | "kept" | "klFromBase" | "signOff"> | undefined {
  const result = resultOf(run, baseRow(run));
  return result && { ...result, kept: 1 };
}

function meter(share: number, color: string): HTMLElement {
  const bar = html("i", { class: color.slice(2) });
  bar.style.inlineSize = `${Math.min(1, Math.max(0, share)) * 100}%`;
  return html(
    "span",
    { class: "meter" },
    html("span", { class: "track", "aria-hidden": "true" }, bar),
    `${percent(share, 0)} %`,
  );
}

/** What is going on with a row, in a few words. */
function now(run: Run, row: RowRecipe): string {
  const result = resultOf(run, row);
  if (result) {
    const seconds = attemptOf(run, row)?.seconds ?? 0;
    return seconds > 0.05 ? `done in ${seconds.toFixed(1)} s` : "done";
  }
  const progress = progressOf(run, row).at(-1);
  if (progress) return `step ${progress.step} of ${progress.steps}, loss ${nats(progress.loss)}`;
  return run.status === "finished" ? "–" : "waits";
}
