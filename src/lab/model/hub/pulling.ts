import { askHub, type HubModel } from "./listing.ts";
import { type GrowingFile, type PullFolder, pullModel } from "./pull.ts";

/** What the page asks of the thread that pulls: it is started for one model, and ended to stop. */
export type PullAsk =
  | { readonly kind: "ask"; readonly name: string }
  | { readonly kind: "pull"; readonly model: HubModel; readonly folder: string };

export type PullTell =
  | { readonly kind: "model"; readonly model: HubModel }
  | { readonly kind: "progress"; readonly done: number }
  | { readonly kind: "pulled" }
  | { readonly kind: "failed"; readonly message: string };

const tell = (told: PullTell): void => postMessage(told);

/** Obeys the page. */
export const hear = (ask: PullAsk): void => {
  carryOut(ask).catch((error: Error) => tell({ kind: "failed", message: error.message }));
};

async function carryOut(ask: PullAsk): Promise<void> {
  if (ask.kind === "ask") {
    tell({ kind: "model", model: await askHub(ask.name) });
    return;
  }
  let told = 0;
  const { signal } = new AbortController();
  await pullModel(ask.model, await pullFolder(ask.folder), {
    signal,
    onProgress(done) {
      const now = performance.now();
      if (now - told < 100) return;
      told = now;
      tell({ kind: "progress", done });
    },
  });
  tell({ kind: "pulled" });
}

/** A folder of the page's private file system; what is written is there at once, also after a crash. */
async function pullFolder(path: string): Promise<PullFolder> {
  let at = await navigator.storage.getDirectory();
  for (const part of path.split("/")) at = await at.getDirectoryHandle(part, { create: true });
  return {
    async open(name) {
      let folder = at;
      const parts = name.split("/");
      for (const part of parts.slice(0, -1))
        folder = await folder.getDirectoryHandle(part, { create: true });
      const file = await folder.getFileHandle(parts.at(-1) as string, { create: true });
      return growing(await syncHandle(file));
    },
  };
}

/** What a worker has of a file of the private file system; programs for Node have no types of it. */
interface SyncHandle {
  getSize(): number;
  write(bytes: Uint8Array, options: { readonly at: number }): number;
  flush(): void;
  close(): void;
}

const syncHandle = (file: FileSystemFileHandle): Promise<SyncHandle> =>
  (file as unknown as { createSyncAccessHandle(): Promise<SyncHandle> }).createSyncAccessHandle();

function growing(handle: SyncHandle): GrowingFile {
  let size = handle.getSize();
  return {
    get size() {
      return size;
    },
    append(bytes) {
      size += handle.write(bytes, { at: size });
    },
    close() {
      handle.flush();
      handle.close();
    },
  };
}
