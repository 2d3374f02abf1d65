import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { digestOf, fileBytes } from "../../store/bytes.ts";
import { DataError } from "../../tensor/errors.ts";
import { filesAt } from "../../weights/modelFiles.ts";
import { isOfModel } from "../files/digest.ts";
import { isCopied } from "../save.ts";

/** What a run reads. */
export const ROLES = ["model", "data", "retain", "eval"] as const;
export type Role = (typeof ROLES)[number];

/** A file by its name, below its role's folder, and the SHA-256 of its bytes. */
export interface InputFile {
  readonly name: string;
  readonly digest: string;
}

/** The files of a run by role; those of a role without any are left out. */
export type InputFiles = Readonly<Partial<Record<Role, readonly InputFile[]>>>;

/** Where the files of a role lie on a machine: the folders that their names start from. */
export type Places = Readonly<Partial<Record<Role, string>>>;

/** A run's files on this machine. */
export interface LocalFiles {
  readonly files: InputFiles;
  readonly places: Places;
  /** The name of a model that is one file. */
  readonly modelFile?: string;
}

/** @returns digests of files, each read once */
export function digests(): (path: string) => Promise<string> {
  const known = new Map<string, Promise<string>>();
  return (path) => {
    const found = known.get(path) ?? fileBytes(path).then(digestOf);
    known.set(path, found);
    return found;
  };
}

/**
 * Looks at all files that a run reads, or that its model is saved with.
 * @param paths of the model, a folder or a file, and of the data's files
 * @throws DataError for what is not there
 */
export async function localFiles(
  paths: Readonly<Partial<Record<Role, string>>>,
  digest: (path: string) => Promise<string>,
): Promise<LocalFiles> {
  const files: Partial<Record<Role, InputFile[]>> = {};
  const places: Partial<Record<Role, string>> = {};
  let modelFile: string | undefined;
  for (const role of ROLES) {
    const path = paths[role];
    if (path === undefined) continue;
    const kind = await stat(path).catch(() => undefined);
    if (!kind) throw new DataError(`${path}: expected a file to read, got none`);
    const isFolder = role === "model" && kind.isDirectory();
    const folder = isFolder ? path : dirname(path);
    const names = isFolder ? await namesIn(path) : [basename(path)];
    if (role === "model" && !isFolder) modelFile = basename(path);
    places[role] = folder;
    files[role] = await Promise.all(
      names.map(async (name) => ({ name, digest: await digest(join(folder, name)) })),
    );
  }
  return { files, places, ...(modelFile !== undefined && { modelFile }) };
}

/** Of a model's folder what decides what it says, and what it is written with. */
async function namesIn(folder: string): Promise<string[]> {
  const { names } = await filesAt(folder);
  const wanted = names.filter((name) => isOfModel(name) || isCopied(name)).sort();
  const kinds = await Promise.all(wanted.map((name) => stat(join(folder, name))));
  return wanted.filter((_, i) => kinds[i]?.isFile());
}

const MARK = "input:";

/** Where a role's files are said to lie on no machine in particular. */
export const placeOfRole = (role: Role): string => `${MARK}${role}`;

/** A text of one machine, as all of them have it. */
export function withoutPlaces(text: string, places: Places): string {
  // A folder within another one first.
  const longest = Object.entries(places).toSorted(([, a], [, b]) => b.length - a.length);
  return longest.reduce((said, [role, folder]) => said.replaceAll(folder, `${MARK}${role}`), text);
}

/** A text of no machine, as this one has it. */
export const withPlaces = (text: string, places: Places): string =>
  ROLES.reduce(
    (said, role) => said.replaceAll(placeOfRole(role), places[role] ?? placeOfRole(role)),
    text,
  );
