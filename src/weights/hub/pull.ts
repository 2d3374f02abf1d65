import { copyFile, readFile, stat, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { DataError } from "../../tensor/errors.ts";
import { makeFolder, writeWhole } from "../files.ts";
import { fetchBlob } from "./blob.ts";
import { createHubClient, type HubClient, type Listing, UnreachableError } from "./client.ts";
import type { HubLocation } from "./location.ts";
import { expectModelId, expectRevision, folderOf, isCommit, isNeeded } from "./names.ts";

export interface PullOptions {
  readonly location: HubLocation;
  /** A branch, a tag or a commit; `main` by default. */
  readonly revision?: string;
  readonly fetch?: typeof globalThis.fetch;
  readonly signal?: AbortSignal;
  readonly onFile?: (file: PulledFile) => void;
  readonly onProgress?: (done: number, total: number | undefined) => void;
}

/** A file that is about to be fetched, or that the cache has. */
export interface PulledFile {
  readonly path: string;
  /** Bytes, where the Hub says so. */
  readonly size: number | undefined;
  readonly cached: boolean;
}

/** A model's files on this machine. */
export interface Pulled {
  /** Holds `config.json` and what stands beside it. */
  readonly folder: string;
  readonly commit: string;
  /** Why the cache was taken as it is, where the Hub did not answer. */
  readonly warning?: string;
}

/**
 * Fetches the files of a model into the cache that huggingface_hub uses:
 * `models--org--name/{blobs,refs,snapshots}`. Files that are there are not fetched again; one that
 * broke off is gone on with. Sizes and hashes are checked.
 * @returns undefined when the signal came first
 * @throws FetchError where the Hub refuses, saying what to do; DataError for names and files that
 *   are not what they should be
 */
export async function pull(model: string, options: PullOptions): Promise<Pulled | undefined> {
  const { location, revision = "main", fetch = globalThis.fetch } = options;
  const signal = options.signal ?? new AbortController().signal;
  const home = join(location.cache, folderOf(expectModelId(model)));
  expectRevision(revision);
  if (location.offline) return fromCache(home, model, revision, "HF_HUB_OFFLINE is set");
  const client = createHubClient(location, fetch, signal);
  let listing: Listing;
  try {
    listing = await client.list(model, revision);
  } catch (error) {
    if (signal.aborted) return undefined;
    if (error instanceof UnreachableError) return fromCache(home, model, revision, error.message);
    throw error;
  }
  const { commit } = listing;
  for (const path of listing.files.filter(isNeeded))
    if (!(await pullFile(path, { home, model, commit, client, signal, fetch }, options)))
      return undefined;
  if (!isCommit(revision)) await writeWhole(join(home, "refs", revision), commit);
  return { folder: join(home, "snapshots", commit), commit };
}

interface Place {
  readonly home: string;
  readonly model: string;
  readonly commit: string;
  readonly client: HubClient;
  readonly signal: AbortSignal;
  readonly fetch: typeof globalThis.fetch;
}

async function pullFile(path: string, place: Place, options: PullOptions): Promise<boolean> {
  const { home, model, commit, client, signal, fetch } = place;
  const { onFile = () => {}, onProgress = () => {} } = options;
  const link = join(home, "snapshots", commit, path);
  const there = await stat(link).catch(() => undefined);
  if (there) {
    onFile({ path, size: there.size, cached: true });
    return true;
  }
  try {
    const remote = await client.look(model, commit, path);
    onFile({ path, size: remote.size, cached: false });
    const { headers } = client;
    const blobs = join(home, "blobs");
    if (!(await fetchBlob(remote, blobs, { fetch, signal, headers, onProgress }))) return false;
    await linkBlob(join(blobs, remote.etag), link);
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
  return true;
}

/** A link as huggingface_hub makes it; a copy where the system has none for us. */
async function linkBlob(blob: string, link: string): Promise<void> {
  await makeFolder(dirname(link));
  try {
    await symlink(relative(dirname(link), blob), link);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return;
    if (code !== "EPERM" && code !== "ENOSYS" && code !== "ENOTSUP") throw error;
    await copyFile(blob, link);
  }
}

/** The snapshot that an earlier pull left. */
async function fromCache(
  home: string,
  model: string,
  revision: string,
  why: string,
): Promise<Pulled> {
  const commit = isCommit(revision)
    ? revision
    : (await readFile(join(home, "refs", revision), "utf8").catch(() => "")).trim();
  const folder = join(home, "snapshots", commit);
  const isThere = isCommit(commit) && (await stat(join(folder, "config.json")).catch(() => false));
  if (!isThere)
    throw new DataError(
      `${model}: expected a folder here, or revision ${revision} of the Hub in the cache ${home} (${why})`,
    );
  return { folder, commit, warning: `${model}: taken from the cache (${why})` };
}
