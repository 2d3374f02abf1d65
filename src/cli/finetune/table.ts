import type { Line, LookEvent, PlanEvent, SetName } from "../../finetune/train/events.ts";
import { visible } from "../../report/escape.ts";
import { bytes, count, duration, nats, percent, smallNats } from "../../report/format.ts";
import { auditSentence } from "../../report/retention.ts";

/** Rows that were left out are shown up to so many. */
const SHOWN = 5;

/** What is about to be done. */
export function planText(plan: PlanEvent): string {
  const { left, truncated, notes, evalIsData } = plan;
  const out = left.slice(0, SHOWN).map(({ place, reason }) => `    ${place}: ${reason}`);
  return [
    `  model     ${plan.model}: ${count(plan.parameters)} parameters, ${count(plan.trainable)} of them trained`,
    `  data      ${count(plan.rows)} rows → ${count(plan.examples)} examples, ${count(plan.tokens)} tokens, ${count(plan.targets)} learnt`,
    ...(truncated > 0 ? [`            ${count(truncated)} rows were cut`] : []),
    ...(left.length > 0 ? [`            ${count(left.length)} rows were left out`, ...out] : []),
    `  training  ${count(plan.steps)} steps`,
    `  memory    ${bytes(plan.memoryBytes)}${plan.gradientCheckpointing ? ", each block computed again for its gradient (gradient checkpointing)" : ""}`,
    ...(evalIsData ? ["  note      without --eval the first rows of the data are looked at"] : []),
    ...notes.map((note) => `  note      ${note}`),
    "",
  ]
    .map(visible)
    .join("\n");
}

/** How long it will take. */
export const timeText = (seconds: number): string =>
  `  time      about ${duration(seconds)}, by its sizes and this machine's speed\n`;

const cells = (values: readonly string[]): string =>
  values
    .map((value, i) => (i === 0 ? value.padEnd(18) : value.padStart(10)))
    .join("")
    .trimEnd();

const shareOf = (share: number | undefined): string =>
  share === undefined ? "–" : `${percent(share, 0)} %`;

/** What the columns are. */
const notes = (hasRetain: boolean): readonly string[] => [
  "eval: log-loss, nats a token, and answers reproduced word for word.",
  hasRetain
    ? "retain: KL(base‖model), log-loss, and the base's own answers that changed."
    : "KL: KL(base‖model) there, nats a token.",
];

/** Base, SFT and the method side by side, as they were looked at last. */
export function resultTable(lines: readonly Line[]): string {
  const looks = lines.filter((line): line is LookEvent => line.kind === "look");
  const stages = [...new Set(looks.map(({ stage }) => stage))];
  const of = (stage: string, set: SetName): LookEvent | undefined =>
    looks.findLast((look) => look.stage === stage && look.set === set);
  const hasRetain = looks.some(({ set }) => set === "retain");
  const rows = stages.map((stage) => {
    const [target, kept] = [of(stage, "eval"), of(stage, "retain")];
    const lossOf = (look: LookEvent | undefined): string => (look ? nats(look.logLoss) : "–");
    const kl = (look: LookEvent | undefined): string => (look ? smallNats(look.kl) : "–");
    return cells([
      ...[stage, lossOf(target), shareOf(target?.exact)],
      ...(hasRetain ? [kl(kept), lossOf(kept), shareOf(kept?.changed)] : [kl(target)]),
    ]);
  });
  const head = hasRetain
    ? ["", "eval loss", "exact", "retain KL", "its loss", "changed"]
    : ["", "eval loss", "exact", "KL"];
  const audit = lines.findLast((line) => line.kind === "certificate" && line.retention);
  const last = audit?.kind === "certificate" ? audit.retention : undefined;
  return [
    ...[cells(head), ...rows, ...notes(hasRetain)],
    ...(last ? [auditSentence(last)] : []),
    "",
  ].join("\n");
}
