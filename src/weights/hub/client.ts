import { readJson } from "../../json/readJson.ts";
import { DataError } from "../../tensor/errors.ts";
import { discard } from "./discard.ts";
import { FetchError, reasonOf } from "./fetchFile.ts";
import type { HubLocation } from "./location.ts";
import { isCommit, isInside } from "./names.ts";

/** A model at one commit. */
export interface Listing {
  readonly commit: string;
  /** Paths relative to the repository. */
  readonly files: readonly string[];
}

/** What the Hub says of a file before it sends it. */
export interface RemoteFile {
  readonly url: string;
  /** Bytes. */
  readonly size: number | undefined;
  /** SHA-256 of a file in large storage (64 digits), else git's hash of the blob (40). */
  readonly etag: string;
}

/** The questions that a download asks the Hub. */
export interface HubClient {
  list(model: string, revision: string): Promise<Listing>;
  look(model: string, commit: string, path: string): Promise<RemoteFile>;
  /** Sent with every request to the Hub itself. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Nothing answers at the endpoint; what the cache has may do. */
export class UnreachableError extends FetchError {}

const REDIRECTS = 5;
/** Bytes of a listing; the longest published ones have some hundred kilobytes. */
const LISTING_LIMIT = 32 * 2 ** 20;

export function createHubClient(
  { endpoint, token }: HubLocation,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): HubClient {
  const headers = {
    "user-agent": "anchorgrad",
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };

  async function ask(url: string, init: RequestInit): Promise<Response> {
    return fetch(url, { ...init, headers: { ...headers, ...init.headers }, signal }).catch(
      (error: unknown) => {
        signal.throwIfAborted();
        throw new UnreachableError(`${url}: no connection (${reasonOf(error)})`);
      },
    );
  }

  return {
    headers,
    async list(model, revision) {
      const url = `${endpoint}/api/models/${model}/revision/${encodeURIComponent(revision)}`;
      const response = await ask(url, {});
      if (response.status !== 200) throw refusal(response, { model, revision, token });
      const json = await jsonOf(response, url).catch((error: unknown) => {
        signal.throwIfAborted();
        if (error instanceof DataError) throw error;
        throw new UnreachableError(`${url}: an answer that broke off (${reasonOf(error)})`);
      });
      return listingOf(json, url);
    },
    async look(model, commit, path) {
      const at = path.split("/").map(encodeURIComponent).join("/");
      let url = `${endpoint}/${model}/resolve/${commit}/${at}`;
      // Only redirects within the Hub are followed: what is behind others does not know the file.
      for (let i = 0; i < REDIRECTS; i++) {
        const response = await ask(url, {
          method: "HEAD",
          redirect: "manual",
          headers: { "accept-encoding": "identity" },
        });
        await discard(response);
        const next = response.headers.get("location");
        const moved = response.status >= 300 && response.status < 400;
        if (moved && next !== null && !response.headers.has("x-linked-etag")) {
          const target = URL.canParse(next, url) ? new URL(next, url) : undefined;
          if (target?.origin !== new URL(url).origin) break;
          url = target.href;
          continue;
        }
        if (!moved && response.status !== 200)
          throw refusal(response, { model, revision: commit, token, path });
        return remoteFile(response, url);
      }
      throw new FetchError(`${url}: expected a file of the Hub, got redirected elsewhere`);
    },
  };
}

async function jsonOf(response: Response, url: string): Promise<unknown> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.length;
    if (size > LISTING_LIMIT)
      throw new DataError(`${url}: expected at most ${LISTING_LIMIT} bytes, got more`);
    parts.push(part);
  }
  return readJson(new TextDecoder().decode(Buffer.concat(parts)), url);
}

function listingOf(json: unknown, url: string): Listing {
  const { sha, siblings } = (json ?? {}) as { sha?: unknown; siblings?: unknown };
  if (typeof sha !== "string" || !isCommit(sha))
    throw new DataError(`${url}: expected a commit as sha, got ${JSON.stringify(sha)}`);
  if (!Array.isArray(siblings)) throw new DataError(`${url}: expected a list of files as siblings`);
  const files = siblings.map((entry: unknown) => (entry as { rfilename?: unknown })?.rfilename);
  const strange = files.find((path) => typeof path !== "string" || !isInside(path));
  if (strange !== undefined || files.includes(undefined))
    throw new DataError(`${url}: expected paths below the folder, got ${JSON.stringify(strange)}`);
  return { commit: sha, files: files.map(String) };
}

function remoteFile({ headers }: Response, url: string): RemoteFile {
  const quoted = headers.get("x-linked-etag") ?? headers.get("etag") ?? "";
  const etag = quoted.replace(/^W\//, "").replaceAll('"', "");
  if (!/^[\da-zA-Z_-]{1,128}$/.test(etag))
    throw new DataError(`${url}: expected an etag, got ${JSON.stringify(quoted)}`);
  const size = headers.get("x-linked-size") ?? headers.get("content-length");
  return { url, etag, size: size !== null && /^\d{1,15}$/.test(size) ? Number(size) : undefined };
}

interface Asked {
  readonly model: string;
  readonly revision: string;
  readonly token: string | undefined;
  readonly path?: string;
}

/** What a status means, and what to do about it. */
function refusal({ status, headers }: Response, asked: Asked): FetchError {
  const { model, revision, token, path } = asked;
  const code = headers.get("x-error-code");
  const what = path === undefined ? model : `${model}/${path}`;
  const mine = token === undefined ? "set HF_TOKEN" : "check that HF_TOKEN belongs to that account";
  if (code === "GatedRepo" || status === 403)
    return new FetchError(
      `${what}: the model is gated (status ${status}): accept its licence on its page of the Hub, and ${mine}`,
    );
  if (code === "RevisionNotFound")
    return new FetchError(`${what}: expected an existing revision, got ${revision}`);
  if (code === "EntryNotFound") return new FetchError(`${what}: there is no such file`);
  if (status === 401 || status === 404 || code === "RepoNotFound")
    return new FetchError(
      `${what}: there is no such model (status ${status}), or it is private or gated: then ${mine}`,
    );
  return new FetchError(`${what}: expected status 200, got ${status}`);
}
