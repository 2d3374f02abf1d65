import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** How a server misbehaves; by the path of the file where only one is meant. */
export interface Behaviour {
  /** Asked for by these, with `Bearer`. */
  token?: string;
  gated?: boolean;
  /** Answers of a file break off after so many bytes, so many times. */
  cut?: { path: string; after: number; times: number; arrival: (bytes: number) => Promise<void> };
  /** Sends the whole file whatever range is asked for. */
  ignoresRange?: boolean;
  /** Sends these bytes in place of a file's. */
  wrong?: Readonly<Record<string, Buffer>>;
  /** Names in the listing beside those of the files. */
  extra?: readonly string[];
  /** Answers 416 to the first range. */
  refusesRange?: boolean;
}

/** What was asked. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

export const COMMIT = "0123456789abcdef0123456789abcdef01234567";

const gitHash = (body: Buffer): string =>
  createHash("sha1").update(`blob ${body.length}\0`).update(body).digest("hex");
export const sha256 = (body: Buffer): string => createHash("sha256").update(body).digest("hex");
const isLarge = (path: string): boolean => path.endsWith(".safetensors");

export interface Hub {
  readonly endpoint: string;
  /** Requests to the Hub, and to the server that its large files lie on. */
  readonly seen: readonly Seen[];
  readonly stored: readonly Seen[];
  close(): Promise<void>;
}

/** The Hub in small: one model on one server, whose large files lie on another one. */
export async function openHub(
  files: Readonly<Record<string, Buffer>>,
  behaviour: Behaviour = {},
): Promise<Hub> {
  const seen: Seen[] = [];
  const stored: Seen[] = [];
  const record = (list: Seen[], { method = "", url = "", headers }: IncomingMessage): void => {
    const { range, authorization } = headers;
    list.push({ method, url, range, authorization });
  };

  const send = (request: IncomingMessage, response: ServerResponse, path: string): void => {
    const body = behaviour.wrong?.[path] ?? (files[path] as Buffer);
    const asked = /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
    if (asked && behaviour.refusesRange) {
      behaviour.refusesRange = false;
      response.writeHead(416, { "content-range": `bytes */${body.length + 1}` }).end();
      return;
    }
    const start = asked && !behaviour.ignoresRange ? Number(asked[1]) : 0;
    response.writeHead(start > 0 ? 206 : 200, {
      etag: `"${sha256(body).slice(0, 20)}"`,
      "content-length": body.length - start,
      ...(start > 0 && { "content-range": `bytes ${start}-${body.length - 1}/${body.length}` }),
    });
    const { cut } = behaviour;
    if (request.method === "HEAD") response.end();
    else if (cut && cut.path === path && cut.times > 0) {
      cut.times--;
      response.write(body.subarray(start, start + cut.after));
      cut.arrival(start + cut.after).then(() => response.destroy());
    } else response.end(body.subarray(start));
  };

  const store = createServer((request, response) => {
    record(stored, request);
    send(request, response, decodeURIComponent((request.url ?? "").slice("/store/".length)));
  });
  const hub = createServer((request, response) => {
    record(seen, request);
    const url = request.url ?? "";
    if (behaviour.token && request.headers.authorization !== `Bearer ${behaviour.token}`) {
      response.writeHead(401, behaviour.gated ? { "x-error-code": "GatedRepo" } : {}).end();
      return;
    }
    if (url.startsWith("/api/models/org/tiny/revision/")) {
      if (!/(main|v1|[\da-f]{40})$/.test(url)) {
        response.writeHead(404, { "x-error-code": "RevisionNotFound" }).end();
        return;
      }
      const siblings = [...Object.keys(files), ...(behaviour.extra ?? [])];
      const listed = { sha: COMMIT, siblings: siblings.map((rfilename) => ({ rfilename })) };
      response.end(JSON.stringify(listed));
      return;
    }
    if (url.startsWith("/api/")) {
      response.writeHead(404, { "x-error-code": "RepoNotFound" }).end();
      return;
    }
    const found = /^\/org\/tiny\/resolve\/([\da-f]{40})\/(.+)$/.exec(url);
    const path = decodeURIComponent(found?.[2] ?? "");
    const body = files[path];
    if (!body) {
      response.writeHead(404, { "x-error-code": "EntryNotFound" }).end();
      return;
    }
    response.setHeader("x-repo-commit", COMMIT);
    if (isLarge(path)) {
      response
        .writeHead(302, {
          location: `${addressOf(store)}/store/${encodeURIComponent(path)}`,
          "x-linked-size": body.length,
          "x-linked-etag": `"${sha256(body)}"`,
        })
        .end();
      return;
    }
    response.setHeader("etag", `W/"${gitHash(body)}"`);
    if (request.method === "HEAD")
      response.writeHead(200, { "content-length": body.length, etag: `"${gitHash(body)}"` }).end();
    else send(request, response, path);
  });
  const addressOf = (server: Server): string =>
    `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const server of [hub, store]) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  }
  return {
    endpoint: addressOf(hub),
    seen,
    stored,
    close: async () => {
      for (const server of [hub, store]) {
        server.closeAllConnections();
        await new Promise((done) => server.close(done));
      }
    },
  };
}
