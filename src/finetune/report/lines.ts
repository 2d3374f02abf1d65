/** What the lines of a fine-tune's metrics.jsonl may hold, and how they are read. */
import type { PlannedRetention, Retention } from "../../anchored/retention/retain.ts";
import { isRecord } from "../../json/isRecord.ts";
import { isCount } from "../../tensor/shapes.ts";
import { refuse } from "../../text/jsonl.ts";
import type {
  BestEvent,
  CertificateEvent,
  LookEvent,
  PlanEvent,
  RetentionEvent,
  SampleEvent,
  SavedEvent,
  StepEvent,
} from "../train/events.ts";

/** Reads a value of JSON. @throws DataError naming the place and what was expected there */
type Read<T> = (value: unknown, place: string) => T;

type Reads<T> = { readonly [Name in keyof T]-?: Read<T[Name]> };

const text: Read<string> = (value, place) =>
  typeof value === "string" ? value : refuse(place, "a text", value);

/** A stage or other short name, which may stand in headings. */
const name: Read<string> = (value, place) =>
  typeof value === "string" && /^[\w-]{1,40}$/.test(value)
    ? value
    : refuse(place, "a name of letters, digits, - and _", value);

/** JSON writes what is no number as null. */
const number: Read<number> = (value, place) => {
  if (value === null) return Number.NaN;
  return typeof value === "number" ? value : refuse(place, "a number or null", value);
};

const count: Read<number> = (value, place) =>
  typeof value === "number" && isCount(value) ? value : refuse(place, "an integer ≥ 0", value);

const share: Read<number> = (value, place) => {
  const x = number(value, place);
  return x < 0 || x > 1 ? refuse(place, "a number in [0, 1]", value) : x;
};

const flag: Read<boolean> = (value, place) =>
  typeof value === "boolean" ? value : refuse(place, "true or false", value);

const optional =
  <T>(read: Read<T>): Read<T | undefined> =>
  (value, place) =>
    value === undefined ? undefined : read(value, place);

const oneOf =
  <const T extends string>(...names: readonly T[]): Read<T> =>
  (value, place) =>
    names.find((one) => one === value) ?? refuse(place, `one of ${names.join(", ")}`, value);

const list =
  <T>(read: Read<T>): Read<readonly T[]> =>
  (value, place) =>
    Array.isArray(value)
      ? value.map((item, i) => read(item, `${place}[${i}]`))
      : refuse(place, "a list", value);

function fields<T>(reads: Reads<T>): Read<T> {
  const names = Object.keys(reads) as (keyof T & string)[];
  return (value, place) => {
    if (!isRecord(value)) return refuse(place, "an object", value);
    const inside = place === "" ? "" : `${place}.`;
    return Object.fromEntries(
      names.map((field) => [
        field,
        reads[field](Object.hasOwn(value, field) ? value[field] : undefined, `${inside}${field}`),
      ]),
    ) as T;
  };
}

const texts: Read<Readonly<Record<string, string>>> = (value, place) => {
  if (!isRecord(value)) return refuse(place, "an object", value);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, text(item, `${place}.${key}`)]),
  );
};

/** What is read back of an event: these fields, undefined where they may be absent. */
type Told<Event, Names extends keyof Event> = {
  readonly [Name in Names]-?: undefined extends Event[Name] ? Event[Name] | undefined : Event[Name];
};

export type PlanLine = Told<
  PlanEvent,
  | ("model" | "rows" | "examples" | "left" | "truncated" | "tokens" | "targets" | "steps")
  | ("trainable" | "memoryBytes" | "evalIsData" | "notes" | "versions")
>;

export type StepLine = Told<
  StepEvent,
  "stage" | "step" | "steps" | "outer" | "loss" | "gradientNorm" | "learningRate"
>;

export type BestLine = Told<BestEvent, "stage" | "step" | "steps" | "logLoss">;
export type LookLine = Told<
  LookEvent,
  "stage" | "step" | "set" | "kl" | "logLoss" | "perplexity" | "exact" | "changed"
>;

type Bounds = "stepKl" | "referenceKl" | "bound" | "anchorKl" | "delta" | "eta";

export interface RetentionLine
  extends Told<
    RetentionEvent,
    "risk" | "confidence" | "certified" | "alpha" | "allowed" | "planned" | "audited"
  > {}

export type AuditLine = Told<
  Retention,
  "risk" | "confidence" | "prompts" | "lost" | "allowed" | "upper" | "passed" | "steps" | "planned"
>;

export type CertificateLine = Told<
  CertificateEvent,
  "outer" | "alpha" | "tokens" | "held" | "heldWithoutDelta" | "linear"
> & {
  readonly targets: string;
  readonly mean: Told<CertificateEvent["mean"], Bounds>;
  readonly cumulative:
    | Told<NonNullable<CertificateEvent["cumulative"]>, "weight" | "measured" | "bound">
    | undefined;
  readonly ledger:
    | Told<NonNullable<CertificateEvent["ledger"]>, "measured" | "path" | "inexactness">
    | undefined;
  readonly retention: AuditLine | undefined;
};

export type SampleLine = Told<
  SampleEvent,
  "stage" | "set" | "index" | "prompt" | "answer" | "wanted"
>;

export type SavedLine = Told<SavedEvent, "what" | "path">;

/** A line by its kind. */
export type MetricsLine =
  | { readonly kind: "plan"; readonly line: PlanLine }
  | { readonly kind: "step"; readonly line: StepLine }
  | { readonly kind: "best"; readonly line: BestLine }
  | { readonly kind: "look"; readonly line: LookLine }
  | { readonly kind: "retention"; readonly line: RetentionLine }
  | { readonly kind: "certificate"; readonly line: CertificateLine }
  | { readonly kind: "sample"; readonly line: SampleLine }
  | { readonly kind: "saved"; readonly line: SavedLine }
  | { readonly kind: "end" }
  /** Something else, which the report has no place for. */
  | { readonly kind: "other"; readonly name: string };

const plan = fields<PlanLine>({
  ...{ model: text, rows: count, examples: count, tokens: count, targets: count, steps: count },
  left: list(fields({ place: text, reason: text })),
  ...{ trainable: count, memoryBytes: number, truncated: count },
  ...{ evalIsData: flag, notes: list(text), versions: texts },
});

const step = fields<StepLine>({
  ...{ stage: name, step: count, steps: count, outer: optional(count), loss: number },
  ...{ gradientNorm: number, learningRate: optional(number) },
});

const best = fields<BestLine>({
  ...{ stage: name, step: count, steps: count, logLoss: number },
});

const look = fields<LookLine>({
  ...{ stage: name, step: count, set: oneOf("retain", "eval") },
  ...{ kl: number, logLoss: number, perplexity: number },
  ...{ exact: optional(share), changed: optional(share) },
});

const planned = fields<PlannedRetention>({
  ...{ weight: share, prompts: count, lost: count, covered: count },
  slack: fields({ least: number, tenth: number, median: number }),
});

const risky = { risk: share, confidence: share, allowed: count };

const retention = fields<RetentionLine>({
  ...{ ...risky, certified: optional(share), alpha: share, planned, audited: count },
});

const audit = fields<AuditLine>({
  ...{ ...risky, prompts: count, lost: count, upper: share, passed: flag, steps: count },
  planned: optional(planned),
});

const certificate = fields<CertificateLine>({
  ...{ outer: count, alpha: share, targets: name },
  ...{ tokens: count, held: count, heldWithoutDelta: count, linear: flag },
  mean: fields({
    ...{ stepKl: number, referenceKl: number, bound: number },
    ...{ anchorKl: number, delta: number, eta: number },
  }),
  cumulative: optional(fields({ weight: share, measured: number, bound: number })),
  ledger: optional(fields({ measured: number, path: number, inexactness: number })),
  retention: optional(audit),
});

const sample = fields<SampleLine>({
  ...{ stage: name, set: oneOf("retain", "eval"), index: count },
  ...{ prompt: text, answer: text, wanted: optional(text) },
});

const saved = fields<SavedLine>({ what: oneOf("adapter", "model"), path: text });

/** @throws DataError naming the field */
export function readLine(value: unknown): MetricsLine {
  if (!isRecord(value)) return refuse("line", "an object", value);
  const kind = name(value["kind"], "kind");
  if (kind === "plan") return { kind, line: plan(value, "") };
  if (kind === "step") return { kind, line: step(value, "") };
  if (kind === "best") return { kind, line: best(value, "") };
  if (kind === "look") return { kind, line: look(value, "") };
  if (kind === "retention") return { kind, line: retention(value, "") };
  if (kind === "certificate") return { kind, line: certificate(value, "") };
  if (kind === "sample") return { kind, line: sample(value, "") };
  if (kind === "saved") return { kind, line: saved(value, "") };
  return kind === "end" ? { kind } : { kind: "other", name: kind };
}
