/** A model that this browser keeps. */
export interface KeptModel {
  readonly name: string;
  /** Of its folder, in the page's private file system. */
  readonly path: string;
  readonly size: number;
}

const FOLDER = "models";
/** Stands in the folder of a model that has come whole. */
const WHOLE = ".whole";

/** Where a model of the Hub is kept: a commit's files. */
export const keptPath = (name: string, commit: string): string =>
  `${FOLDER}/${name.replace("/", "--")}@${commit.slice(0, 12)}`;

type Entries = AsyncIterable<[string, FileSystemHandle]>;

async function modelsFolder(): Promise<FileSystemDirectoryHandle | undefined> {
  try {
    const root = await navigator.storage.getDirectory();
    return await root.getDirectoryHandle(FOLDER);
  } catch {
    return undefined;
  }
}

/** The models that are kept whole. */
export async function keptModels(): Promise<readonly KeptModel[]> {
  const folder = await modelsFolder();
  if (!folder) return [];
  const models: KeptModel[] = [];
  for await (const [entry, handle] of folder as unknown as Entries) {
    if (handle.kind !== "directory") continue;
    const { names, size } = await contents(handle as FileSystemDirectoryHandle);
    const name = entry.replace(/@[\da-f]+$/, "").replace("--", "/");
    if (names.includes(WHOLE)) models.push({ name, path: `${FOLDER}/${entry}`, size });
  }
  return models;
}

async function contents(
  folder: FileSystemDirectoryHandle,
): Promise<{ readonly names: readonly string[]; readonly size: number }> {
  const names: string[] = [];
  let size = 0;
  for await (const [name, handle] of folder as unknown as Entries) {
    names.push(name);
    if (handle.kind === "file") size += (await (handle as FileSystemFileHandle).getFile()).size;
  }
  return { names, size };
}

/** Says that a model has come whole. */
export async function markWhole(path: string): Promise<void> {
  let at = await navigator.storage.getDirectory();
  for (const part of path.split("/")) at = await at.getDirectoryHandle(part);
  await at.getFileHandle(WHOLE, { create: true });
}

export async function removeKept(path: string): Promise<void> {
  const folder = await modelsFolder();
  await folder?.removeEntry(path.slice(FOLDER.length + 1), { recursive: true });
}
