import type { ColumnSource } from "hyparquet-writer";
import type { DataTable, Datum } from "./csv.ts";

/**
 * A table as a Parquet file: numbers as doubles, to the bit, nothing as null. A column of several kinds
 * becomes texts.
 */
export async function toParquet({ columns, rows }: DataTable): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import("hyparquet-writer");
  const columnData = columns.map((name, at) =>
    columnOf(
      name,
      rows.map((row) => row[at]),
    ),
  );
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}

function columnOf(name: string, data: readonly Datum[]): ColumnSource {
  const kinds = new Set(data.flatMap((datum) => (datum === undefined ? [] : [typeof datum])));
  const [kind] = kinds;
  const type =
    kinds.size !== 1 || kind === "string" ? "STRING" : kind === "boolean" ? "BOOLEAN" : "DOUBLE";
  const cell = (datum: Datum): Datum | null => {
    if (datum === undefined) return null;
    return type === "STRING" ? `${datum}` : datum;
  };
  return { name, data: data.map(cell), type, nullable: true };
}
