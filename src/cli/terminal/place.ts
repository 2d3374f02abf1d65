import { dirname, parse } from "node:path";
import { DataError } from "../../tensor/errors.ts";
import { isThere } from "../../weights/files.ts";

/**
 * Refuses a place below a folder that would have to be made at the root of the disk: a slip such as
 * `/run/mine` for `runs/mine`.
 * @param path absolute
 * @throws DataError
 */
export async function expectBelowAFolder(path: string): Promise<void> {
  const { root } = parse(path);
  let [missing, parent] = [path, dirname(path)];
  while (!(await isThere(parent))) [missing, parent] = [parent, dirname(parent)];
  const wouldMakeFolder = missing !== path;
  if (parent === root && wouldMakeFolder)
    throw new DataError(
      `${path}: expected a place below a folder that is there, got one below ${missing}, which is not`,
    );
}

/**
 * Refuses a place where a file would be replaced that nobody said to replace.
 * @param path absolute
 * @throws DataError
 */
export async function expectNewFile(path: string, overwrite: boolean | undefined): Promise<void> {
  await expectBelowAFolder(path);
  if (!overwrite && (await isThere(path)))
    throw new DataError(`${path}: expected a new file, got one that is there; give --overwrite`);
}
