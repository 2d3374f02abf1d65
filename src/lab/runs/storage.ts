import type { Files } from "../../weights/store.ts";

/** Files that can be listed and removed folder by folder. */
export interface Storage extends Files {
  /** Names of the folders in a folder. */
  folders(path: string): Promise<string[]>;
  /** Paths of all files below a folder, from that folder. */
  list(path: string): Promise<string[]>;
  /** Whether files are there after the tab was closed. */
  readonly lasting: boolean;
}

/** The browser's own storage for this page; memory where it gives none, as in some private windows. */
export async function openStorage(): Promise<Storage> {
  try {
    return privateStorage(await navigator.storage.getDirectory());
  } catch {
    return memoryStorage();
  }
}

type Entries = AsyncIterable<[string, FileSystemHandle]>;

const isMissing = (error: unknown): boolean =>
  error instanceof DOMException && ["NotFoundError", "TypeMismatchError"].includes(error.name);

/** The origin private file system: a file that is written replaces the old one when it is closed. */
function privateStorage(root: FileSystemDirectoryHandle): Storage {
  async function folder(path: string, create: boolean): Promise<FileSystemDirectoryHandle> {
    let at = root;
    for (const part of path.split("/").filter((name) => name !== ""))
      at = await at.getDirectoryHandle(part, { create });
    return at;
  }
  const split = (path: string): [folder: string, name: string] => {
    const slash = path.lastIndexOf("/");
    return [path.slice(0, Math.max(0, slash)), path.slice(slash + 1)];
  };
  async function orElse<T>(work: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isMissing(error)) return otherwise;
      throw error;
    }
  }
  async function filesBelow(at: FileSystemDirectoryHandle, prefix: string): Promise<string[]> {
    const found: string[] = [];
    for await (const [name, handle] of at as unknown as Entries)
      if (handle.kind === "file") {
        // What Chromium writes beside a file until it is closed is none yet.
        if (!name.endsWith(".crswap")) found.push(`${prefix}${name}`);
      } else
        found.push(...(await filesBelow(handle as FileSystemDirectoryHandle, `${prefix}${name}/`)));
    return found;
  }
  return {
    lasting: true,
    read: (path) =>
      orElse(async () => {
        const [parent, name] = split(path);
        const file = await (await (await folder(parent, false)).getFileHandle(name)).getFile();
        return new Uint8Array(await file.arrayBuffer());
      }, undefined),
    async write(path, content) {
      const [parent, name] = split(path);
      const handle = await (await folder(parent, true)).getFileHandle(name, { create: true });
      const stream = await handle.createWritable();
      await stream.write(content as Uint8Array<ArrayBuffer> | string);
      await stream.close();
    },
    remove: (path) =>
      orElse(async () => {
        const [parent, name] = split(path);
        await (await folder(parent, false)).removeEntry(name);
      }, undefined),
    folders: (path) =>
      orElse(async () => {
        const names: string[] = [];
        for await (const [name, handle] of (await folder(path, false)) as unknown as Entries)
          if (handle.kind === "directory") names.push(name);
        return names;
      }, []),
    list: (path) => orElse(async () => filesBelow(await folder(path, false), ""), []),
    removeFolder: (path) =>
      orElse(async () => {
        const [parent, name] = split(path);
        await (await folder(parent, false)).removeEntry(name, { recursive: true });
      }, undefined),
  };
}

/** Files that live as long as the page or the worker that keeps them. */
function memoryStorage(): Storage {
  const kept = new Map<string, Uint8Array>();
  const below = (path: string): string[] =>
    [...kept.keys()].filter((name) => name.startsWith(`${path}/`));
  return {
    lasting: false,
    read: async (path) => kept.get(path),
    write: async (path, content) => {
      kept.set(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    },
    remove: async (path) => {
      kept.delete(path);
    },
    folders: async (path) => [
      ...new Set(
        below(path).flatMap((name) => {
          const [first, ...rest] = name.slice(path.length + 1).split("/");
          return rest.length > 0 ? [first as string] : [];
        }),
      ),
    ],
    list: async (path) => below(path).map((name) => name.slice(path.length + 1)),
    removeFolder: async (path) => {
      for (const name of below(path)) kept.delete(name);
    },
  };
}
