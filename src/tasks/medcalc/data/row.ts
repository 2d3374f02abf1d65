import { DataError } from "../../../tensor/errors.ts";
import { calculators } from "../calculators/index.ts";
import type { Calculator, Entities, Output } from "../types.ts";
import { type Cells, type Column, columnName } from "./columns.ts";
import { readLiteral } from "./literal.ts";

/** A question of the benchmark. The file's own answer and bounds are what counts. */
export interface Row {
  readonly id: string;
  /** Line of the file, or number of the row in a parquet file, from 1. */
  readonly line: number;
  readonly calculatorId: number;
  readonly calculatorName: string;
  readonly category: string;
  readonly noteId: string;
  readonly noteType: string;
  readonly note: string;
  readonly question: string;
  /** Null where the file has no such column. */
  readonly entities: Entities | null;
  readonly groundTruth: string;
  readonly lower: string;
  readonly upper: string;
  readonly explanation: string;
}

/** Why a row was left out. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly field: string;
  readonly expected: string;
  readonly got: string;
  /** `Lower Limit: expected a number, got "N/A"` */
  readonly message: string;
}

/** `test.csv:12: Lower Limit: expected a number, got "N/A"` */
export const describeProblem = ({ file, line, message }: Problem): string =>
  `${file}:${line}: ${message}`;

/** What is wrong with a field, on the way to its row's problem. */
export class FieldError extends Error {
  readonly field: string;
  readonly expected: string;
  readonly got: string;

  constructor(field: string, expected: string, got: string) {
    super(`${field}: expected ${expected}, got ${got}`);
    this.field = field;
    this.expected = expected;
    this.got = got;
  }
}

/** A value as messages show it, cut short. */
export function quote(value: unknown): string {
  const text = typeof value === "string" ? value : String(value);
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

const byId = new Map(calculators.map((each) => [each.id, each]));
const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");
const byName = new Map(calculators.map((each) => [plain(each.name), each]));

/** Names that differ between the versions of the files. */
const RENAMED: Readonly<Record<string, number>> = { estimatedofconceptiondate: 68 };

function calculatorIn(cells: Cells): Calculator {
  const [id, name] = [text(cells, "calculatorId"), text(cells, "calculatorName")];
  const found =
    id === ""
      ? (byName.get(plain(name)) ?? byId.get(RENAMED[plain(name)] ?? 0))
      : byId.get(Number(id));
  if (found !== undefined) return found;
  throw id === ""
    ? new FieldError(columnName("calculatorName"), "the name of a calculator", quote(name))
    : new FieldError(columnName("calculatorId"), "the id of a calculator, 2 … 69", quote(id));
}

const ANSWERS: Readonly<Record<Output, readonly [pattern: RegExp, expected: string]>> = {
  decimal: [/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i, "a number"],
  integer: [/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i, "a number"],
  date: [/^\d{1,2}\/\d{1,2}\/\d{4}$/, "a date MM/DD/YYYY"],
  duration: [/\d+ *weeks?.*\d+ *days?/, "weeks and days"],
};

/** A cell as text; parquet files hold numbers too. */
function text(cells: Cells, column: Column): string {
  const cell = cells[column];
  return cell === undefined || cell === null ? "" : `${cell}`;
}

function answerIn(cells: Cells, column: Column, output: Output): string {
  const answer = text(cells, column).trim();
  const [pattern, expected] = ANSWERS[output];
  if (!pattern.test(answer)) throw new FieldError(columnName(column), expected, quote(answer));
  return answer;
}

/** Whole numbers of 64 bits, as parquet has them, as plain ones. */
const plainNumbers = (value: unknown): unknown => {
  if (typeof value === "bigint") return Number(value);
  return Array.isArray(value) ? value.map(plainNumbers) : value;
};

/** Entities that a parquet file holds as a struct have a null for each name that is not there. */
const withoutNulls = (entities: object): Entities =>
  Object.fromEntries(
    Object.entries(entities).flatMap(([name, entity]) =>
      entity === null ? [] : [[name, plainNumbers(entity)]],
    ),
  );

function entitiesIn(cells: Cells): Entities | null {
  const cell = cells.entities;
  if (cell === undefined || cell === null || cell === "") return null;
  const name = columnName("entities");
  let read: unknown = cell;
  try {
    if (typeof cell === "string") read = readLiteral(cell);
  } catch (error) {
    if (error instanceof DataError) throw new FieldError(name, "a Python dict", error.message);
    throw error;
  }
  if (typeof read !== "object" || read === null || Array.isArray(read))
    throw new FieldError(name, "a Python dict", quote(cell));
  return withoutNulls(read);
}

/** @throws FieldError for the first field that is not what it should be */
export function readRow(cells: Cells, line: number): Row {
  const { id: calculatorId, name, category, output } = calculatorIn(cells);
  const note = text(cells, "note");
  const question = text(cells, "question");
  if (note.trim() === "") throw new FieldError(columnName("note"), "a text", '""');
  if (question.trim() === "") throw new FieldError(columnName("question"), "a text", '""');
  return {
    id: text(cells, "id") || `${line}`,
    line,
    calculatorId,
    calculatorName: text(cells, "calculatorName") || name,
    category: text(cells, "category") || category,
    noteId: text(cells, "noteId"),
    noteType: text(cells, "noteType"),
    note,
    question,
    entities: entitiesIn(cells),
    groundTruth: answerIn(cells, "groundTruth", output),
    lower: answerIn(cells, "lower", output),
    upper: answerIn(cells, "upper", output),
    explanation: text(cells, "explanation"),
  };
}
