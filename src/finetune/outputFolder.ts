import { isRecord } from "../json/isRecord.ts";
import { jsonText } from "../json/jsonText.ts";
import { readJson } from "../json/readJson.ts";
import { DataError } from "../tensor/errors.ts";
import { isTemporary, removeLeft, temporaryPath } from "../weights/disk/temporary.ts";
import { makeFolder, namesIfThere, nodeFs, syncFolder } from "../weights/nodeFile.ts";

/** Stands in every folder that was written here, and says which of the files are ours. */
const MARK = "anchorgrad.json";

export interface OutputOptions {
  /** Whether a folder that holds other things may be written into; its other files stay. */
  readonly overwrite?: boolean;
}

/**
 * Writes a folder: whole or nothing. Files are made in a folder beside it, which takes its name when
 * all are there. An earlier output is replaced, file by file, the file that makes it readable last.
 * @param kind what is written, for the mark
 * @param last the file that readers ask for first: config.json
 * @param fill writes the files into the folder that it is given
 * @throws DataError for a folder that holds other things, unless `overwrite`
 */
export async function writeOutput(
  folder: string,
  { kind, last }: { readonly kind: string; readonly last: string },
  { overwrite = false }: OutputOptions,
  fill: (folder: string) => Promise<void>,
): Promise<void> {
  const fs = nodeFs("save");
  const target = folder.replace(/(?<=.)[\\/]+$/, "");
  const former = await formerFiles(target, overwrite);
  await removeLeft(await unfinishedOf(target));
  const temporary = temporaryPath(target);
  try {
    await makeFolder(temporary);
    await fill(temporary);
    const files = (await filesBelow(temporary)).sort();
    const mark = { writer: "anchorgrad", kind, files };
    await fs.writeFile(`${temporary}/${MARK}`, jsonText(mark));
    if (former === undefined) await fs.rename(temporary, target).catch(expectNobody(target));
    else await replace(temporary, target, former, [...files.filter((f) => f !== last), MARK, last]);
  } finally {
    await fs.rm(temporary, { recursive: true, force: true });
  }
  await syncFolder(target);
}

/** Somebody else may have written the folder since it was looked at. */
const expectNobody =
  (folder: string) =>
  (error: NodeJS.ErrnoException): never => {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    throw new DataError(
      `${folder}: expected a folder that nobody else writes, got one that was written meanwhile`,
    );
  };

/** The files of an earlier output; undefined for a folder that is not there or is empty. */
async function formerFiles(
  folder: string,
  overwrite: boolean,
): Promise<readonly string[] | undefined> {
  const fs = nodeFs("save");
  const names = await namesIfThere(folder, "a folder to write into");
  if (names === undefined) return undefined;
  if (names.length === 0) {
    // An empty folder gives its name away: a rename onto it works on POSIX alone.
    await fs.rmdir(folder);
    return undefined;
  }
  const listed = names.includes(MARK) ? await listedIn(`${folder}/${MARK}`) : undefined;
  if (listed) return listed;
  if (overwrite) return [];
  throw new DataError(
    `${folder}: expected an empty folder or an earlier output, got one that holds ` +
      `${names.slice(0, 3).join(", ")}${names.length > 3 ? " …" : ""}; give another, or --overwrite`,
  );
}

/** Names that a mark lists; only plain ones below the folder. */
async function listedIn(path: string): Promise<readonly string[] | undefined> {
  try {
    const mark = readJson(await nodeFs("save").readFile(path, "utf8"), path);
    const files: unknown = isRecord(mark) ? mark["files"] : undefined;
    const isPlain = (name: unknown): name is string =>
      typeof name === "string" && /^[\w][\w.-]*(\/[\w][\w.-]*)?$/.test(name);
    return Array.isArray(files) ? files.filter(isPlain) : undefined;
  } catch {
    return undefined;
  }
}

/** Moves files into a folder that has some; without `last` no reader takes a mixture for a whole. */
async function replace(
  from: string,
  to: string,
  former: readonly string[],
  names: readonly string[],
): Promise<void> {
  const fs = nodeFs("save");
  const last = names.at(-1) ?? MARK;
  await fs.rm(`${to}/${last}`, { force: true });
  for (const name of former.filter((name) => !names.includes(name)))
    await fs.rm(`${to}/${name}`, { force: true });
  for (const name of names) {
    const folder = name.slice(0, Math.max(0, name.lastIndexOf("/")));
    if (folder !== "") await makeFolder(`${to}/${folder}`);
    await fs.rename(`${from}/${name}`, `${to}/${name}`);
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await nodeFs("save").readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${parentPath}/${name}`.slice(folder.length + 1))
    .map((path) => path.replaceAll("\\", "/"));
}

/** What is, or was, to become the folder: beside it, under temporary names. */
async function unfinishedOf(folder: string): Promise<readonly string[]> {
  const at = Math.max(folder.lastIndexOf("/"), folder.lastIndexOf("\\")) + 1;
  const [parent, own] = [folder.slice(0, at) || ".", folder.slice(at)];
  const names = await nodeFs("save")
    .readdir(parent)
    .catch(() => []);
  return names
    .filter((name) => name.startsWith(`${own}.`) && isTemporary(name))
    .map((name) => `${parent}/${name}`);
}
