import { checkPages, type Library } from "./pages.ts";
import { refuse, whole } from "./refuse.ts";

/** Values that a file may have: repeated ones cost next to nothing, so that a few bytes may hold many. */
const mostValues = (bytes: number): number => 2 ** 20 + 64 * bytes;

/**
 * Whether what a file of Parquet says of its sizes can be true of so many bytes: rows, values, pages,
 * runs. Its reader believes them: it takes memory for what a header claims, and goes on until it has
 * as many values.
 * @throws DataError for what cannot be; an error of the library's for what is no Parquet
 */
export function checkSizes(bytes: Uint8Array, library: Library): void {
  const { num_rows, row_groups, schema } = library.parquetMetadata(bytes);
  const most = mostValues(bytes.length);
  const rows = whole("rows", num_rows, most);
  let [left, values, held] = [rows, 0, 0];
  for (const [g, { columns, num_rows: some }] of row_groups.entries()) {
    const ofGroup = whole(`rows of group ${g}`, some, left);
    if (ofGroup === 0) continue; // the reader passes it over
    left -= ofGroup;
    for (const { meta_data: meta } of columns) {
      if (!meta) continue; // the reader refuses it
      const name = meta.path_in_schema.join(".");
      const size = whole(`bytes of column ${name}`, meta.total_compressed_size, bytes.length);
      const first = whole(`the place of column ${name}`, meta.data_page_offset, bytes.length);
      const other = whole(
        `the dictionary's place of column ${name}`,
        meta.dictionary_page_offset ?? 0,
        bytes.length,
      );
      const start = other === 0 || first < other ? first : other;
      const count = whole(`values of column ${name}`, meta.num_values, most);
      [values, held] = [values + count, held + size];
      if (values > most) refuse(`at most ${most} values in ${bytes.length} bytes`, `${values}`);
      if (held > bytes.length) refuse(`columns within ${bytes.length} bytes`, `${held}`);
      if (start + size > bytes.length)
        refuse(`column ${name} within ${bytes.length} bytes`, `its end at ${start + size}`);
      const path = library.getSchemaPath(schema, meta.path_in_schema);
      const chunk = bytes.slice(start, start + size);
      checkPages({ name, meta, path, values: count, chunk }, library);
    }
  }
  if (left !== 0) refuse(`${rows} rows in the groups`, `${rows - left}`);
}
