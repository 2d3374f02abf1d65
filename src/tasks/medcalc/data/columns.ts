/** The fields of a row, by the names that the versions of the data files give their columns. */
const columns = {
  id: ["Row Number", "Unique ID", "ID"],
  calculatorId: ["Calculator ID"],
  calculatorName: ["Calculator Name"],
  category: ["Category"],
  outputType: ["Output Type"],
  noteId: ["Note ID"],
  noteType: ["Note Type"],
  note: ["Patient Note"],
  question: ["Question"],
  entities: ["Relevant Entities"],
  groundTruth: ["Ground Truth Answer", "Ground Truth"],
  lower: ["Lower Limit", "Lower Bound"],
  upper: ["Upper Limit", "Upper Bound"],
  explanation: ["Ground Truth Explanation"],
} as const;

export type Column = keyof typeof columns;

/** A record of a file by field; fields whose column is missing are absent. */
export type Cells = Partial<Record<Column, unknown>>;

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z]/g, "");

/** Where each field stands in a header. */
export function findColumns(header: readonly string[]): Partial<Record<Column, number>> {
  const places = new Map(header.map((name, i) => [plain(name), i]));
  const found = Object.entries(columns).flatMap(([column, names]) => {
    const place = names.map((name) => places.get(plain(name))).find((at) => at !== undefined);
    return place === undefined ? [] : [[column, place] as const];
  });
  return Object.fromEntries(found);
}

/** The column's own name, as messages give it. */
export const columnName = (column: Column): string => columns[column][0];

/** What every file has; a calculator's id may be missing where its name is there. */
const REQUIRED: readonly Column[] = ["note", "question", "groundTruth", "lower", "upper"];

/** The names of required columns that a header lacks. */
export const missingColumns = (found: Partial<Record<Column, number>>): string[] => [
  ...REQUIRED.filter((column) => found[column] === undefined).map(columnName),
  ...(found.calculatorId === undefined && found.calculatorName === undefined
    ? [columnName("calculatorId")]
    : []),
];
