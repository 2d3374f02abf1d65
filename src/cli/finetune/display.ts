import type {
  BestEvent,
  CertificateEvent,
  LookEvent,
  RetentionEvent,
  StepEvent,
} from "../../finetune/train/events.ts";
import { visible } from "../../report/escape.ts";
import { count, duration, nats, percent, smallNats } from "../../report/format.ts";
import { ledgerSentence } from "../../report/ledger.ts";
import { auditText, plannedSentences } from "../../report/retention.ts";
import type { Output } from "../terminal/command.ts";
import { fitting } from "../terminal/live.ts";
import { COLUMNS, filled } from "../terminal/reflow.ts";

/** Milliseconds between two pictures of the progress. */
const FRAME = 100;
/** Lines of a log, where nobody looks at a terminal. */
const LOGGED = 10_000;

/** The live line of a run, and lines that stay. */
export interface Display {
  step(event: Pick<StepEvent, "stage" | "step" | "steps" | "outer" | "loss" | "tokens">): void;
  look(event: LookEvent): void;
  retention(event: RetentionEvent): void;
  certificate(event: CertificateEvent): void;
  best(event: BestEvent): void;
  /** SFT was found in its cache: steps of it that follow were not made now. */
  reused(path: string): void;
  say(text: string): void;
  end(): void;
}

/** @param now milliseconds */
export function display(err: Output, now: () => number = () => performance.now()): Display {
  let stage = "";
  let began = { at: 0, step: 0 };
  let tokens = 0;
  let drawn = Number.NEGATIVE_INFINITY;
  /** The last look at what is to be kept. */
  let kept: LookEvent | undefined;
  let isReplayed = false;
  const clear = (): void => {
    if (err.isTTY) err.write("\r\x1b[K");
  };
  const say = (text: string): void => {
    clear();
    err.write(`${visible(text)}\n`);
  };
  const tell = (sentence: string): void => {
    for (const line of filled(sentence, "  ")) say(line);
  };
  return {
    say,
    reused(path) {
      isReplayed = true;
      say(`SFT is there already: ${path}`);
    },
    step(event) {
      if (isReplayed && event.stage === "sft") return;
      const time = now();
      if (event.stage !== stage) {
        // The first step compiles: what it takes says nothing of the others.
        [stage, began, tokens] = [event.stage, { at: time, step: event.step }, 0];
        drawn = Number.NEGATIVE_INFINITY;
      } else tokens += event.tokens;
      const isLast = event.step === event.steps;
      if (time - drawn < (err.isTTY ? FRAME : LOGGED) && !isLast) return;
      drawn = time;
      const seconds = (time - began.at) / 1000;
      const done = event.step - began.step;
      const left = done > 0 ? (seconds / done) * (event.steps - event.step) : undefined;
      const line = [
        `  ${stage} ${percent(event.step / event.steps, 0)} %`,
        `step ${event.step}/${event.steps}`,
        // What matters least stands at the end, where a narrow terminal has no room.
        ...(left === undefined || isLast ? [] : [`${duration(left)} left`]),
        `loss ${nats(event.loss)}`,
        ...(kept === undefined ? [] : [`retain KL ${smallNats(kept.kl)} (${whenOf(kept, stage)})`]),
        ...(seconds > 0 ? [`${count(tokens / seconds)} tokens/s`] : []),
        ...(event.outer === undefined ? [] : [`outer ${event.outer + 1}`]),
      ];
      if (err.isTTY) err.write(`\r\x1b[K${fitting(line, err.columns ?? COLUMNS)}`);
      else err.write(`${fitting(line, COLUMNS + 1)}\n`);
    },
    look(event) {
      if (event.set === "retain") kept = event;
      const { exact, changed } = event;
      if (exact === undefined && changed === undefined) return;
      const parts = [
        `✓ ${event.stage.padEnd(12)} ${event.set.padEnd(6)} log-loss ${nats(event.logLoss)}`,
        `KL ${smallNats(event.kl)}`,
        ...(exact === undefined ? [] : [`exact ${percent(exact, 0)} %`]),
        ...(changed === undefined ? [] : [`changed ${percent(changed, 0)} %`]),
      ];
      say(parts.join(" · "));
    },
    retention(event) {
      for (const sentence of plannedSentences(event)) tell(sentence);
    },
    best({ stage, step, steps, logLoss }) {
      if (isReplayed && stage === "sft") return;
      say(`✓ ${stage.padEnd(12)} best    log-loss ${nats(logLoss)} at step ${step} of ${steps}`);
    },
    certificate({ outer, alpha, mean, linear, ledger, retention }) {
      const { stepKl, bound, delta } = mean;
      const share = (part: number, whole: number): string =>
        whole > 0 ? ` (${percent(part / whole, 0)} %)` : "";
      const parts = [
        `✓ outer step ${outer + 1}, α = ${Number(alpha.toPrecision(3))}: moved ${smallNats(stepKl)}`,
        ...(linear ? [`bound ${smallNats(bound)}${share(stepKl, bound)}`] : []),
        `δ ${smallNats(delta)}${share(delta, stepKl)}`,
      ];
      say(parts.join(" · "));
      if (ledger) tell(ledgerSentence(ledger));
      if (retention) tell(auditText(retention));
    },
    end: clear,
  };
}

/** When a look was taken: at a step of the stage that goes on, or behind another stage. */
const whenOf = (look: LookEvent, stage: string): string =>
  look.stage === stage ? `step ${look.step}` : look.stage;
