import type { ModelFiles } from "../modelFiles.ts";
import { type BlobLike, blobReader } from "../weightFile.ts";

/** What is read of a page's FileSystemDirectoryHandle: programs for Node have no types of pages. */
export interface DirectoryLike {
  readonly name: string;
  entries(): AsyncIterable<[string, DirectoryLike | FileLike]>;
}

/** What is read of a FileSystemFileHandle. */
export interface FileLike {
  getFile(): Promise<BlobLike>;
}

/** A folder below which a model's files may lie. */
const BELOW = "additional_chat_templates";

/**
 * The files of a folder of a page: of its private file system (OPFS), chosen, or dropped.
 * @example
 * const root = await navigator.storage.getDirectory();
 * const files = await filesIn(await root.getDirectoryHandle("smol"));
 * const model = await loadModel(files, { engine });
 */
export async function filesIn(directory: DirectoryLike): Promise<ModelFiles> {
  const files = new Map<string, FileLike>();
  for await (const [name, entry] of directory.entries()) {
    if ("getFile" in entry) files.set(name, entry);
    else if (name === BELOW)
      for await (const [below, file] of entry.entries())
        if ("getFile" in file) files.set(`${name}/${below}`, file);
  }
  return {
    path: directory.name || "the model's files",
    names: [...files.keys()],
    open: async (name) => {
      const file = await files.get(name)?.getFile();
      return file && blobReader(file);
    },
  };
}
