import { DataError } from "../../../tensor/errors.ts";
import { discard } from "../../../weights/hub/discard.ts";
import { HUB, type HubFile, type HubModel } from "./listing.ts";

/** A file that grows. */
export interface GrowingFile {
  readonly size: number;
  append(bytes: Uint8Array): Promise<void> | void;
  close(): Promise<void> | void;
}

/** Where a model is pulled to: a folder of the page's storage. */
export interface PullFolder {
  open(name: string): Promise<GrowingFile>;
}

export interface PullOptions {
  readonly signal: AbortSignal;
  /** Bytes of all files that are there. */
  readonly onProgress: (done: number) => void;
  readonly fetch?: typeof globalThis.fetch;
}

/** Connections in a row that brought nothing, before it gives up. */
const ATTEMPTS = 3;

/**
 * Pulls a model's files one after another, at the commit that was asked about; what is there already
 * is kept, and a file that was cut off goes on where it stopped.
 * @returns false when the signal came first
 * @throws DataError where the Hub sends something else
 */
export async function pullModel(
  { name, commit, files }: HubModel,
  folder: PullFolder,
  { signal, onProgress, fetch = globalThis.fetch }: PullOptions,
): Promise<boolean> {
  let before = 0;
  for (const file of files) {
    const growing = await folder.open(file.name);
    try {
      if (growing.size > file.size)
        throw new DataError(
          `${name}/${file.name}: expected at most ${file.size} bytes, got ${growing.size}`,
        );
      const address = `${HUB}/${name}/resolve/${commit}/${file.name.split("/").map(encodeURIComponent).join("/")}`;
      for (let [had, inVain] = [growing.size, 0]; had < file.size; ) {
        if (signal.aborted) return false;
        // An answer that ends sooner than it said brings what it brought, were it nothing.
        let fault: unknown = new DataError(`${address}: expected ${file.size} bytes, got ${had}`);
        await pullRest(address, file, had, growing, { signal, fetch }, (size) =>
          onProgress(before + size),
        ).catch((error: unknown) => {
          if (error instanceof DataError) throw error;
          fault = error;
        });
        if (signal.aborted) return false;
        if (growing.size > had) inVain = 0;
        else if (++inVain === ATTEMPTS) throw fault;
        had = growing.size;
      }
    } finally {
      await growing.close();
    }
    before += file.size;
    onProgress(before);
  }
  return true;
}

async function pullRest(
  address: string,
  { size }: HubFile,
  had: number,
  growing: GrowingFile,
  { signal, fetch }: Required<Pick<PullOptions, "signal" | "fetch">>,
  onProgress: (size: number) => void,
): Promise<void> {
  const headers = had > 0 ? { range: `bytes=${had}-` } : {};
  const response = await fetch(address, { headers, signal });
  const goesOn = had > 0 && response.status === 206;
  if (had > 0 ? !goesOn : response.status !== 200) {
    await discard(response);
    throw new DataError(
      `${address}: expected ${had > 0 ? `the rest from ${had} on (status 206)` : "the file"}, got status ${response.status}`,
    );
  }
  if (!response.body) return;
  for await (const bytes of response.body as unknown as AsyncIterable<Uint8Array>) {
    if (growing.size + bytes.length > size)
      throw new DataError(`${address}: expected ${size} bytes, got more`);
    await growing.append(bytes);
    onProgress(growing.size);
  }
}
