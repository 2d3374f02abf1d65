import { retentionSentences } from "../../finetune/report/retention.ts";
import { type FineTuned, readFineTuned, stageName } from "../../finetune/report/run.ts";
import { keptSentence, learnedSentence } from "../../finetune/report/verdict.ts";
import type { FinetuneEvent, Line, LookEvent } from "../../finetune/train/events.ts";
import { bytes, count, duration, nats, smallNats } from "../../report/format.ts";
import { lines, type Series } from "../chart/lines.ts";
import { html } from "../dom.ts";

export interface LessonView {
  readonly element: HTMLElement;
  /** A run begins: what was shown goes. @param recipe as its report shows it */
  begin(recipe: Readonly<Record<string, unknown>>): void;
  hear(event: FinetuneEvent): void;
  /** The run's files, for its report. */
  files(): { readonly recipe: string; readonly metrics: string };
}

/** What a plan says before anything is trained. */
export function planText(
  event: Extract<FinetuneEvent, { kind: "plan" }>,
  seconds: number | undefined,
): string {
  const { examples, left, truncated, steps, memoryBytes, trainable, notes } = event;
  const gone = left.length > 0 ? `, ${count(left.length)} left out` : "";
  const cut = truncated > 0 ? `, ${count(truncated)} cut at the end` : "";
  const time = seconds === undefined ? "" : `, about ${duration(seconds)} here`;
  return [
    `${count(examples)} conversations${gone}${cut}: ${count(steps)} steps${time}, ${bytes(memoryBytes)} of memory, ${count(trainable)} numbers to train.`,
    ...notes,
  ].join(" ");
}

const color = (stage: string): string =>
  stage === "base" ? "--base" : stage === "sft" ? "--sft" : "--anchored";

/** What is learned and what is kept, while it happens. */
export function lessonView(): LessonView {
  const lossChart = lines({
    title: "Loss",
    about: "What each training minimises, a batch at a time.",
    xLabel: "step",
    yLabel: "nats a token",
    logarithmic: true,
    format: nats,
    empty: "Appears with the first steps.",
  });
  const taskChart = lines({
    title: "The task",
    about: "Log-loss of the answers that are to be learned; lower is better.",
    xLabel: "step",
    yLabel: "nats a token",
    format: nats,
    empty: "Appears with the first look.",
  });
  const keptChart = lines({
    title: "What it should keep",
    about: "Distance from the base on retained answers, KL(base ‖ model); 0 forgets nothing.",
    xLabel: "step",
    yLabel: "nats a token",
    least: 0.01,
    format: nats,
    empty: "Appears where there is a file of what it must keep.",
  });
  const verdict = html("p", { class: "verdict" });
  const certificates = html("ul", { class: "muted certificates" });
  const answers = html("div", {
    class: "scroll",
    tabindex: 0,
    role: "region",
    "aria-label": "Answers side by side",
  });
  const bar = html("progress", { max: 1, value: 0, "aria-label": "Progress of the training" });
  const standing = html("p", { class: "muted", role: "status" });
  const element = html(
    "section",
    { "aria-label": "The training", hidden: true },
    bar,
    standing,
    verdict,
    html("div", { class: "charts" }, lossChart.element, taskChart.element, keptChart.element),
    certificates,
    answers,
  );
  let recipe: Readonly<Record<string, unknown>> = {};
  let told: Line[] = [];
  let asked = false;

  function draw(): void {
    asked = false;
    const run = readFineTuned(files());
    const of = (points: (stage: string) => Series["points"]): Series[] =>
      stagesIn(run).map((stage) => ({
        ...{ name: stageName(stage), color: color(stage), points: points(stage) },
      }));
    const last = Math.max(1, ...run.steps.map(({ steps }) => steps));
    lossChart.update(
      of((stage) =>
        run.steps.flatMap((s) => (s.stage === stage ? [[s.step, s.loss] as const] : [])),
      ),
      last,
    );
    taskChart.update(of(looksAt(run, "eval", ({ logLoss }) => logLoss)), last);
    keptChart.update(of(looksAt(run, "retain", ({ kl }) => kl)), last);
    verdict.textContent = run.finished ? `${learnedSentence(run)} ${keptSentence(run)}` : "";
    certificates.replaceChildren(
      ...[...run.certificates.map(certificateText), ...retentionSentences(run)].map((text) =>
        html("li", {}, text),
      ),
    );
    answers.replaceChildren(answersTable(run));
  }
  function changed(): void {
    if (asked) return;
    asked = true;
    setTimeout(draw, 200);
  }
  const files = () => ({
    recipe: JSON.stringify(recipe),
    metrics: told.map((line) => `${JSON.stringify(line)}\n`).join(""),
  });
  return {
    element,
    files,
    begin(next) {
      recipe = next;
      told = [];
      element.hidden = false;
      bar.value = 0;
      standing.textContent = "Looking at the base …";
      draw();
    },
    hear(event) {
      if (event.kind === "step") {
        bar.value = event.step / event.steps;
        standing.textContent = `${stageName(event.stage)}: step ${event.step} of ${event.steps}, loss ${nats(event.loss)}`;
      }
      if (event.kind === "interrupted") standing.textContent = "Stopped.";
      if (event.kind === "finished") standing.textContent = "Finished.";
      if (isLine(event)) told.push(event);
      changed();
    },
  };
}

const NO_LINES: readonly FinetuneEvent["kind"][] = [
  ...(["estimate", "resumed", "reused", "checkpoint", "finished", "interrupted"] as const),
];

/** Whether it stands in metrics.jsonl. */
const isLine = (event: FinetuneEvent): event is Line => !NO_LINES.includes(event.kind);

const stagesIn = ({ method }: FineTuned): readonly string[] =>
  method === undefined ? ["sft"] : ["sft", method];

const looksAt =
  (run: FineTuned, set: LookEvent["set"], value: (look: FineTuned["looks"][number]) => number) =>
  (stage: string): Series["points"] =>
    run.looks.flatMap((look) =>
      look.set === set && (look.stage === stage || look.stage === "base")
        ? [[look.step, value(look)] as const]
        : [],
    );

/** How far a step went, and how far it could have gone: its linear bound, and the inner loop's error. */
export function certificateText({
  outer,
  mean: { stepKl, bound, delta },
}: Pick<FineTuned["certificates"][number], "outer"> & {
  readonly mean: Pick<FineTuned["certificates"][number]["mean"], "stepKl" | "bound" | "delta">;
}): string {
  const most = bound > 0 ? ` of at most ${smallNats(bound + delta)}` : "";
  return `Step ${outer + 1} went ${smallNats(stepKl)}${most} nats a token.`;
}

function answersTable(run: FineTuned): HTMLElement | string {
  const stages = ["base", ...stagesIn(run)].filter((stage) =>
    run.samples.some((sample) => sample.stage === stage),
  );
  const prompts = run.samples.filter(({ stage }) => stage === "base").slice(0, 8);
  if (prompts.length === 0) return "";
  const answerOf = (stage: string, set: string, index: number): string =>
    run.samples.find((s) => s.stage === stage && s.set === set && s.index === index)?.answer ?? "…";
  return html(
    "table",
    {},
    html("caption", {}, "The same prompts, answered by each"),
    html(
      "thead",
      {},
      html(
        "tr",
        {},
        ...["Prompt", "Wanted", ...stages.map(stageName)].map((name) =>
          html("th", { scope: "col" }, name),
        ),
      ),
    ),
    html(
      "tbody",
      {},
      ...prompts.map(({ set, index, prompt, wanted }) =>
        html(
          "tr",
          {},
          html("th", { scope: "row" }, html("span", { class: "said" }, prompt.slice(-160))),
          html("td", { class: "said" }, wanted ?? "–"),
          ...stages.map((stage) => html("td", { class: "said" }, answerOf(stage, set, index))),
        ),
      ),
    ),
  );
}
