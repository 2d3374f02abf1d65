import { DataError } from "../../tensor/errors.ts";
import { checkSizes } from "./sizes.ts";

/**
 * Refuses a file of Parquet that claims to hold what its bytes cannot, before anything is taken for it.
 * @throws DataError
 */
export async function checkParquet(bytes: Uint8Array): Promise<void> {
  const [{ parquetMetadata, snappyUncompress }, column, schema, encoding, delta] =
    await Promise.all([
      import("hyparquet"),
      import("hyparquet/src/column.js"),
      import("hyparquet/src/schema.js"),
      import("hyparquet/src/encoding.js"),
      import("hyparquet/src/delta.js"),
    ]);
  const library = {
    parquetMetadata,
    snappyUncompress,
    ...column,
    ...schema,
    ...encoding,
    ...delta,
  };
  try {
    checkSizes(bytes, library);
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(error instanceof Error ? error.message : `${error}`);
  }
}

/**
 * The rows of a file of Parquet, plain or snappy, as objects.
 * @throws DataError for what is none, is cut off, or claims to hold what it cannot
 */
export async function readParquet(bytes: Uint8Array): Promise<readonly Record<string, unknown>[]> {
  await checkParquet(bytes);
  const { parquetReadObjects } = await import("hyparquet");
  try {
    return await parquetReadObjects({ file: bytes.slice().buffer });
  } catch (error) {
    throw new DataError(error instanceof Error ? error.message : `${error}`);
  }
}
