import type { PlannedRetention, Retention } from "../anchored/retention/retain.ts";
import { nats, percent } from "./format.ts";

/** What is planned of retained answers; as a measurement or a line of metrics has it. */
export interface PlannedWords {
  readonly risk: number;
  readonly confidence: number;
  readonly alpha: number;
  readonly certified?: number | undefined;
  readonly allowed: number;
  readonly planned: PlannedRetention;
  readonly audited: number;
}

/** The same of an audit. */
export type AuditWords = Pick<
  Retention,
  "risk" | "confidence" | "prompts" | "lost" | "allowed" | "upper" | "passed" | "steps"
>;

/** Enough digits to tell a weight by, and no more. */
const weight = (x: number): string => `${Number(x.toPrecision(3))}`;

const share = (x: number): string => `${percent(x, x < 0.1 ? 1 : 0)} %`;

/** What the weight is and what it promises, a sentence each; where that is nothing, in words. */
export function plannedSentences(plan: PlannedWords): readonly string[] {
  const { risk, confidence, alpha, certified, allowed, planned, audited } = plan;
  const { prompts, lost, covered, slack } = planned;
  const likely = `with ${share(confidence)} confidence`;
  const weights = `${weight(planned.weight)} in all, α = ${weight(alpha)} a step`;
  const found =
    certified === undefined
      ? `The weight of p_sft is ${weights}, as was asked: its exact anchor loses ${lost} of ${prompts} of the base's answers to the planning prompts; ${allowed} would be few enough to certify it.`
      : certified === 0
        ? `No weight above 0 is certified: more than ${allowed} of ${prompts} answers are lost to any. The anchor is the base itself, and nothing can be learnt; a larger risk, or surer answers, would leave room.`
        : certified === 1
          ? `Even p_sft itself is certified, weight 1: it loses ${lost} of ${prompts} of the base's answers, of which ${allowed} may be lost. There is nothing for an anchor to save here.`
          : `The certified weight of p_sft is ${weights}: ${likely} its exact anchor loses at most ${share(risk)} of the base's answers to prompts like these (${lost} of ${prompts} planning prompts, of which ${allowed} may be lost).`;
  const left =
    certified === 0
      ? []
      : [
          covered === 0
            ? "At some token of every answer the anchor leaves no slack: a student that misses it a little may lose any of them."
            : `Slack is left at all tokens of ${covered} of the ${prompts} answers; a student may add ${nats(slack.tenth)} nats at all but a tenth of the tokens (half: ${nats(slack.median)}).`,
        ];
  const audit =
    audited === 0
      ? ["The student is not audited: the weight is about its exact anchor alone."]
      : [`The student is audited on ${audited} other prompts after each outer step.`];
  return [found, ...left, ...audit];
}

/** One audit, for a line. */
export const auditText = ({ lost, prompts, allowed, upper, confidence, passed }: AuditWords) =>
  `lost ${lost} of ${prompts} audited answers (${allowed} may be), at most ${share(upper)} of all (${share(confidence)}): ${passed ? "passed" : "not passed"}`;

/** What the audits of a run come to. @param last of them */
export function auditSentence(last: AuditWords): string {
  const { risk, confidence, steps, passed, prompts, lost } = last;
  if (steps === 0)
    return `No outer step passed its audit: nothing is certified of the student, which at its end had lost ${lost} of ${prompts} of the base's answers.`;
  const [which, none] =
    steps === 1
      ? ["The first outer step", "it loses no"]
      : [`The first ${steps} outer steps`, "none of them loses"];
  const rest = passed
    ? ""
    : " The next step did not pass, and of what came after nothing is certified.";
  return `${which} passed the audit: with ${share(confidence)} confidence ${none} more than ${share(risk)} of the base's answers to prompts like the audited ones, if nothing was chosen on those.${rest}`;
}
