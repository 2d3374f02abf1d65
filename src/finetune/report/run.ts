import { methodNames } from "../../anchored/objectives/names.ts";
import { isJson } from "../../json/isJson.ts";
import { utf8 } from "../../json/utf8.ts";
import { located } from "../../tensor/errors.ts";
import { parseRow, record } from "../../text/jsonl.ts";
import {
  type BestLine,
  type CertificateLine,
  type LookLine,
  type MetricsLine,
  type PlanLine,
  type RetentionLine,
  readLine,
  type SampleLine,
  type SavedLine,
  type StepLine,
} from "./lines.ts";

/** The files of a fine-tune's folder that its report is made of, as they are on disk. */
export interface RunFiles {
  /** recipe.json. */
  readonly recipe: Uint8Array | string;
  /** metrics.jsonl; none where the run has only begun. */
  readonly metrics?: Uint8Array | string | undefined;
}

/** What a fine-tune has come to. */
export interface FineTuned {
  readonly recipe: Readonly<Record<string, unknown>>;
  /** The name of the stage after SFT; undefined where there is none, or not yet. */
  readonly method: string | undefined;
  readonly plan: PlanLine | undefined;
  /** In order of their steps; a resumed run's last word counts. */
  readonly steps: readonly StepLine[];
  readonly looks: readonly LookLine[];
  /** Of stages that left another step than their last: which. */
  readonly bests: readonly BestLine[];
  readonly certificates: readonly CertificateLine[];
  /** What was planned of retained answers. */
  readonly retention: RetentionLine | undefined;
  readonly samples: readonly SampleLine[];
  readonly saved: readonly SavedLine[];
  readonly finished: boolean;
  /** Kinds of lines that the report has no place for, and how many of each. */
  readonly others: ReadonlyMap<string, number>;
}

const BASE = "base";
const SFT = "sft";

/** How a stage is called: its method's short name. */
export function stageName(stage: string): string {
  if (stage === BASE) return "Base";
  if (stage === "merge") return "WiSE-FT";
  return Object.entries(methodNames).find(([name]) => name === stage)?.[1].short ?? stage;
}

/** A CSS colour of the page for a stage. */
export const stageColor = (stage: string): string =>
  stage === BASE ? "var(--base)" : stage === SFT ? "var(--sft)" : "var(--anchored)";

/** Base, SFT and the method, as far as there are any. */
export const stagesOf = ({ method }: Pick<FineTuned, "method">): readonly string[] => [
  ...[BASE, SFT],
  ...(method === undefined ? [] : [method]),
];

/** Reads a run from its files. @throws DataError naming file, line and field */
export function readFineTuned({ recipe, metrics = "" }: RunFiles): FineTuned {
  const said = located("recipe.json", () =>
    record(parseRow(utf8(bytesOf(recipe), "recipe"), "recipe")),
  );
  const lines = linesOf(bytesOf(metrics));
  const of = <Kind extends MetricsLine["kind"]>(kind: Kind) =>
    lines.filter((line): line is Extract<MetricsLine, { kind: Kind }> => line.kind === kind);
  const steps = lastOf(
    of("step").map(({ line }) => line),
    ({ stage, step }) => `${stage} ${step}`,
  );
  const looks = lastOf(
    of("look").map(({ line }) => line),
    ({ stage, step, set }) => `${stage} ${step} ${set}`,
  );
  const samples = lastOf(
    of("sample").map(({ line }) => line),
    ({ stage, set, index }) => `${stage} ${set} ${index}`,
  );
  const certificates = lastOf(
    of("certificate").map(({ line }) => line),
    ({ outer }) => `${outer}`,
  );
  const others = new Map<string, number>();
  for (const { name } of of("other")) others.set(name, (others.get(name) ?? 0) + 1);
  return {
    recipe: said,
    method: [...steps, ...looks, ...samples]
      .map(({ stage }) => stage)
      .find((stage) => stage !== BASE && stage !== SFT),
    plan: of("plan").at(-1)?.line,
    steps: steps.toSorted((a, b) => a.step - b.step),
    looks: looks.toSorted((a, b) => a.step - b.step),
    bests: lastOf(
      of("best").map(({ line }) => line),
      ({ stage }) => stage,
    ),
    certificates: certificates.toSorted((a, b) => a.outer - b.outer),
    retention: of("retention").at(-1)?.line,
    samples: samples.toSorted((a, b) => a.index - b.index),
    saved: of("saved").map(({ line }) => line),
    finished: of("end").length > 0,
    others,
  };
}

/** Of lines with one key the last: what a resumed run did again. */
const lastOf = <T>(lines: readonly T[], keyOf: (line: T) => string): readonly T[] => [
  ...new Map(lines.map((line) => [keyOf(line), line])).values(),
];

const bytesOf = (file: Uint8Array | string): Uint8Array =>
  typeof file === "string" ? new TextEncoder().encode(file) : file;

const NEWLINE = 0x0a;

function linesOf(bytes: Uint8Array): readonly MetricsLine[] {
  const lines: MetricsLine[] = [];
  for (let start = 0, number = 1; start < bytes.length; number++) {
    const found = bytes.indexOf(NEWLINE, start);
    const end = found < 0 ? bytes.length : found;
    const part = bytes.subarray(start, end);
    start = end + 1;
    if (part.every((byte) => byte <= 0x20) || (found < 0 && isTorn(part))) continue;
    lines.push(
      located(`metrics.jsonl:${number}`, () => readLine(parseRow(utf8(part, "line"), "line"))),
    );
  }
  return lines;
}

/** Whether the last line was not written to its end: the run was stopped right then. */
const isTorn = (part: Uint8Array): boolean => !isJson(new TextDecoder().decode(part));
