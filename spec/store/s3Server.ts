import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const credentials = { accessKeyId: "reader", secretAccessKey: "a/secret+of=no+account" };

/** How the server misbehaves. */
export interface Behaviour {
  /** Overwrites what is there, as s3rver 3.7.1 does; answers 501 as others do. */
  conditions?: "ignored" | "unknown";
  /** So many requests are answered 503 before one is served. */
  busy?: number;
  /** So many bodies break off in their middle. */
  cut?: number;
  /** So many requests are served, but their answers get lost. */
  mute?: number;
}

export interface S3Server {
  readonly endpoint: string;
  readonly objects: Map<string, Buffer>;
  /** Uploads that were begun and neither finished nor aborted. */
  readonly uploads: ReadonlyMap<string, readonly Buffer[]>;
  readonly log: readonly string[];
  readonly behaviour: Behaviour;
  close(): Promise<void>;
}

const hex = (algorithm: Buffer | string): string =>
  createHash("sha256").update(algorithm).digest("hex");
const hmac = (key: Buffer | string, text: string): Buffer =>
  createHmac("sha256", key).update(text).digest();
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);

/** Whether a request is signed as Signature Version 4 says, by itself, and of this body. */
function isSigned({ method = "", url = "", headers }: IncomingMessage, body: Buffer): boolean {
  const found =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8}\/[^,]+), SignedHeaders=([^,]+), Signature=(\w+)$/.exec(
      headers.authorization ?? "",
    );
  if (!found) return false;
  const [, id, scope = "", names = "", signature] = found;
  const { pathname, searchParams } = new URL(url, "http://host");
  const query = [...searchParams].map(([k, v]) => `${encoded(k)}=${encoded(v)}`).sort();
  const lines = names.split(";").map((name) => `${name}:${String(headers[name]).trim()}\n`);
  const content = String(headers["x-amz-content-sha256"]);
  const path = pathname.split("/").map(decodeURIComponent).map(encoded).join("/");
  const canonical = [method, path, query.join("&"), lines.join(""), names, content].join("\n");
  const text = ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hex(canonical)].join("\n");
  const key = scope.split("/").reduce<Buffer | string>(hmac, `AWS4${credentials.secretAccessKey}`);
  return (
    id === credentials.accessKeyId &&
    content === hex(body) &&
    hmac(key, text).toString("hex") === signature
  );
}

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
};

const tagOf = (body: Buffer): string => `"${createHash("md5").update(body).digest("hex")}"`;
const LEAST_PART = 64;
const PAGE = 3;

/** S3 in small: one process, one place for all buckets, the requests that a store makes. */
export async function openS3(behaviour: Behaviour = {}): Promise<S3Server> {
  const objects = new Map<string, Buffer>();
  const uploads = new Map<string, Buffer[]>();
  const log: string[] = [];
  let begun = 0;

  const serve = (
    { method, headers }: IncomingMessage,
    { pathname, searchParams: query }: URL,
    body: Buffer,
    response: ServerResponse,
  ): unknown => {
    const answer = (status: number, text = "", fields: Record<string, string> = {}): unknown =>
      response.writeHead(status, fields).end(method === "HEAD" ? undefined : text);
    const fail = (status: number, code: string): unknown =>
      answer(status, `<Error><Code>${code}</Code><Message>so it is</Message></Error>`);
    const key = decodeURIComponent(pathname);
    const object = objects.get(key);
    const upload = query.get("uploadId") ?? "";
    const conditional = headers["if-none-match"] === "*";
    if (conditional && behaviour.conditions === "unknown") return fail(501, "NotImplemented");
    const refused = conditional && object && behaviour.conditions !== "ignored";
    const parts = uploads.get(upload);
    if (query.has("uploadId") && !parts) return fail(404, "NoSuchUpload");
    if (query.get("list-type") === "2") {
      const prefix = `${key}${query.get("prefix")}`;
      const all = [...objects.keys()].filter((name) => name.startsWith(prefix)).sort();
      const from = Number(query.get("continuation-token") ?? 0);
      const names = all.slice(from, from + PAGE).map((n) => `<Key>${n.slice(key.length)}</Key>`);
      const more = from + PAGE < all.length;
      const next = more ? `<NextContinuationToken>${from + PAGE}</NextContinuationToken>` : "";
      return answer(200, `<ListBucketResult>${names.join("")}${next}</ListBucketResult>`);
    }
    if (method === "POST" && query.has("uploads")) {
      uploads.set(`${++begun}`, []);
      return answer(200, `<Result><UploadId>${begun}</UploadId></Result>`);
    }
    if (method === "PUT" && parts) {
      parts[Number(query.get("partNumber")) - 1] = body;
      return answer(200, "", { etag: tagOf(body) });
    }
    if (method === "POST" && parts) {
      if (refused) return fail(412, "PreconditionFailed");
      const tags = [...body.toString().matchAll(/<ETag>([^<]*)<\/ETag>/g)].map(([, tag]) => tag);
      if (tags.join() !== parts.map(tagOf).join()) return fail(400, "InvalidPart");
      if (parts.slice(0, -1).some(({ length }) => length < LEAST_PART))
        return fail(400, "EntityTooSmall");
      objects.set(key, Buffer.concat(parts));
      uploads.delete(upload);
      return answer(200, "<Result/>");
    }
    if (method === "DELETE") {
      if (parts) uploads.delete(upload);
      else objects.delete(key);
      return answer(204);
    }
    if (method === "PUT") {
      if (refused) return fail(412, "PreconditionFailed");
      objects.set(key, body);
      return answer(200, "", { etag: tagOf(body) });
    }
    if (!object) return fail(404, "NoSuchKey");
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
    if (headers["if-match"] && headers["if-match"] !== tagOf(object))
      return fail(412, "PreconditionFailed");
    const bytes = object.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, {
      etag: tagOf(object),
      "content-length": bytes.length,
    });
    if (method === "HEAD") return response.end();
    if (!behaviour.cut || bytes.length < 2) return response.end(bytes);
    behaviour.cut--;
    return response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
  };

  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    const url = new URL(request.url ?? "", "http://host");
    log.push(`${request.method} ${url.pathname}`);
    if (behaviour.busy) {
      behaviour.busy--;
      response.writeHead(503).end("<Error><Code>SlowDown</Code></Error>");
    } else if (!isSigned(request, body)) {
      response.writeHead(403).end("<Error><Code>SignatureDoesNotMatch</Code></Error>");
    } else if (behaviour.mute && request.method !== "GET" && request.method !== "HEAD") {
      behaviour.mute--;
      // Done, and then the line breaks.
      const silent = { writeHead: () => ({ end: () => response.destroy() }) };
      serve(request, url, body, silent as unknown as ServerResponse);
    } else serve(request, url, body, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    ...{ objects, uploads, log, behaviour },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
