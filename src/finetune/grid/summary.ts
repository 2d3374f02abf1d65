import { nats, percent, smallNats } from "../../report/format.ts";
import type { Line, LookEvent, SetName } from "../train/events.ts";
import type { GridRun } from "./grid.ts";

/** What a run came to, at its last looks. */
export interface Figures {
  /** Log-loss of the evaluated answers, nats a token, and the share of them that it reproduces. */
  readonly loss: number;
  readonly exact?: number;
  /** KL(base‖model) where it is to keep what it was, nats a token; at the evaluated rows without such. */
  readonly kl: number;
  /** How much the log-loss of the retained answers has risen, nats a token. */
  readonly forgets?: number;
  /** Share of the base's own answers there that are others now. */
  readonly changed?: number;
}

export interface Course extends Pick<GridRun, "id" | "setting"> {
  readonly figures: Figures;
  /** In a line. */
  readonly text: string;
}

/** @param lines of its metrics.jsonl */
export function courseOfRun(
  { id, setting }: Pick<GridRun, "id" | "setting">,
  lines: readonly Line[],
): Course {
  const looks = lines.filter((line): line is LookEvent => line.kind === "look");
  const last = (set: SetName, stage?: string): LookEvent | undefined =>
    looks.findLast((look) => look.set === set && (stage === undefined || look.stage === stage));
  const [target, kept, before] = [last("eval"), last("retain"), last("retain", "base")];
  const figures: Figures = {
    loss: target?.logLoss ?? Number.NaN,
    ...(target?.exact !== undefined && { exact: target.exact }),
    kl: (kept ?? target)?.kl ?? Number.NaN,
    ...(kept && before && { forgets: kept.logLoss - before.logLoss }),
    ...(kept?.changed !== undefined && { changed: kept.changed }),
  };
  const text = COLUMNS.map(({ name, show }) => `${name} ${show(figures)}`).join(" · ");
  return { id, setting, figures, text };
}

const share = (value: number | undefined): string =>
  value === undefined ? "–" : `${percent(value, 0)} %`;

const COLUMNS: readonly {
  readonly name: string;
  readonly show: (figures: Figures) => string;
}[] = [
  { name: "eval loss", show: ({ loss }) => nats(loss) },
  { name: "exact", show: ({ exact }) => share(exact) },
  { name: "retain KL", show: ({ kl }) => smallNats(kl) },
  { name: "forgets", show: ({ forgets }) => (forgets === undefined ? "–" : smallNats(forgets)) },
  { name: "changed", show: ({ changed }) => share(changed) },
];

const FIGURES = ["loss", "exact", "kl", "forgets", "changed"] as const;

/** The mean of runs over what all of them have. */
function meanOf(courses: readonly Course[]): Figures {
  const means = FIGURES.flatMap((name) => {
    const values = courses.flatMap(({ figures }) => figures[name] ?? []);
    if (values.length < courses.length) return [];
    return [[name, values.reduce((sum, value) => sum + value, 0) / values.length] as const];
  });
  return { loss: Number.NaN, kl: Number.NaN, ...Object.fromEntries(means) };
}

/** Runs side by side, and with several seeds their means. */
export function gridTable(courses: readonly Course[]): string {
  const settings = [...new Set(courses.map(({ setting }) => setting))];
  const groups = settings.map((setting) => courses.filter((one) => one.setting === setting));
  const means = groups
    .filter((group) => group.length > 1)
    .map((group) => ({
      id: `${group[0]?.setting} (${group.length} seeds)`,
      figures: meanOf(group),
    }));
  const rows = [...courses, ...means];
  const width = Math.max(...rows.map(({ id }) => id.length), 0) + 2;
  const lineOf = (first: string, cells: readonly string[]): string =>
    `${first.padEnd(width)}${cells.map((cell) => cell.padStart(11)).join("")}`.trimEnd();
  const told = ({ id, figures }: Pick<Course, "id" | "figures">): string =>
    lineOf(
      id,
      COLUMNS.map(({ show }) => show(figures)),
    );
  return [
    lineOf(
      "",
      COLUMNS.map(({ name }) => name),
    ),
    ...courses.map(told),
    ...(means.length > 0 ? ["means", ...means.map(told)] : []),
    "eval: log-loss, nats a token, and answers reproduced word for word.",
    "retain KL: KL(base‖model) at --retain, or at the evaluated rows without it; forgets: by how much",
    "the log-loss there has risen; changed: the base's own answers there that are others now.",
    "",
  ].join("\n");
}

/** The same for other programs: columns, and rows with all digits. */
export const gridFigures = (
  courses: readonly Course[],
): {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | undefined)[])[];
} => ({
  columns: ["run", "setting", ...FIGURES],
  rows: courses.map(({ id, setting, figures }) => [
    ...[id, setting],
    ...FIGURES.map((name) => figures[name]),
  ]),
});
