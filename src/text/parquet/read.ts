import { DataError } from "../../tensor/errors.ts";
import { checkSizes } from "./sizes.ts";

/** What decodes, loaded once it is needed. */
async function load() {
  const [{ parquetMetadata, parquetReadObjects, snappyUncompress }, ...parts] = await Promise.all([
    import("hyparquet"),
    import("hyparquet/src/column.js"),
    import("hyparquet/src/schema.js"),
    import("hyparquet/src/encoding.js"),
    import("hyparquet/src/delta.js"),
  ]);
  const [column, schema, encoding, delta] = parts;
  const library = {
    parquetMetadata,
    snappyUncompress,
    ...column,
    ...schema,
    ...encoding,
    ...delta,
  };
  return { library, parquetReadObjects };
}

let loading: ReturnType<typeof load> | undefined;
const loaded = (): ReturnType<typeof load> => {
  loading ??= load();
  return loading;
};

/** What the library says of a file, whatever it throws. */
const refusal = (error: unknown): DataError =>
  error instanceof DataError
    ? error
    : new DataError(error instanceof Error ? error.message : `${error}`);

/**
 * Refuses a file of Parquet that claims to hold what its bytes cannot, before anything is taken for it.
 * @throws DataError
 */
export async function checkParquet(bytes: Uint8Array): Promise<void> {
  const { library } = await loaded();
  try {
    checkSizes(bytes, library);
  } catch (error) {
    throw refusal(error);
  }
}

/**
 * The rows of a file of Parquet, plain or snappy, as objects.
 * @throws DataError for what is none, is cut off, or claims to hold what it cannot
 */
export async function readParquet(bytes: Uint8Array): Promise<readonly Record<string, unknown>[]> {
  await checkParquet(bytes);
  const { parquetReadObjects } = await loaded();
  try {
    return await parquetReadObjects({ file: bytes.slice().buffer });
  } catch (error) {
    throw refusal(error);
  }
}
