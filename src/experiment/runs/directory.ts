import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "../../tensor/errors.ts";
import { disk, isThere, readIfThere } from "../../weights/files.ts";
import {
  configOf,
  createRunIn,
  type Failure,
  type RunConfig,
  type RunDirectory,
  readConfigIn,
  readFailuresIn,
  reopenRunIn,
  writeConfigIn,
} from "./run.ts";

/** Starts a run on disk. @throws DataError where the folder holds one already */
export const createRun = (path: string, config: RunConfig): Promise<RunDirectory> =>
  createRunIn(disk, path, config);

/** Opens a run on disk to go on with, @see reopenRunIn. */
export const reopenRun = (path: string): Promise<RunDirectory> => reopenRunIn(disk, path);

/** @throws DataError where there is no run, or its configuration is damaged */
export const readConfig = (path: string): Promise<RunConfig> => readConfigIn(disk, path);

export const runIsThere = async (path: string): Promise<boolean> =>
  (await readIfThere(configOf(path))) !== undefined;

/** Writes a run's configuration anew: rows and seeds have been added. */
export const writeConfig = (path: string, config: RunConfig): Promise<void> =>
  writeConfigIn(disk, path, config);

/** The rows of a run on disk that could not be finished. */
export const readFailures = (path: string): Promise<readonly Failure[]> =>
  readFailuresIn(disk, path);

/** A folder's runs, in the order of their names; the folder itself where it is one. */
export async function runsIn(folder: string): Promise<string[]> {
  if (await runIsThere(folder)) return [folder];
  return (await listRuns(folder)).toSorted();
}

/**
 * A folder's runs, where there has to be one.
 * @throws DataError that says what is there in its place
 */
export async function expectRuns(folder: string): Promise<string[]> {
  const runs = await runsIn(folder);
  if (runs.length > 0) return runs;
  if (!(await isThere(join(folder, "recipe.json"))))
    throw new DataError(`${folder}: expected a run, or a folder of runs, got neither`);
  const page = join(folder, "report.html");
  throw new DataError(
    `${folder}: expected a study's run, got a fine-tune, ${(await isThere(page)) ? `whose page is ${page}` : "which writes its page when it ends"}`,
  );
}

/** Paths of the runs in a folder, the newest first. */
export async function listRuns(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const info = await stat(configOf(path)).catch(() => undefined);
      return info ? [{ path, time: info.mtimeMs }] : [];
    }),
  );
  return found
    .flat()
    .sort((a, b) => b.time - a.time)
    .map(({ path }) => path);
}
