import { setTimeout as wait } from "node:timers/promises";
import { DataError } from "../../tensor/errors.ts";
import { discard } from "../../weights/hub/discard.ts";
import { type S3Client, textOf } from "./client.ts";

/** Sent if nothing is there: of two writers one is told. Not all servers heed it. */
const IF_NONE = { "if-none-match": "*" };

/** What became of an object that was put: `refused` where one was there. */
export type Put = "new" | "refused";

/** Puts a small object in one request. */
export async function putObject(
  client: S3Client,
  key: string,
  body: Uint8Array<ArrayBuffer>,
): Promise<Put> {
  let headers: Record<string, string> = { ...IF_NONE };
  for (let tries = 1; ; tries++) {
    // 409: another is being written at this moment; 501: the server knows no conditions.
    const response = await client.send({
      ...{ method: "PUT", key, body, headers },
      also: [409, 412, 501],
    });
    await discard(response);
    if (response.ok) return "new";
    if (response.status === 412) return "refused";
    if (tries === TRIES) throw stuck(client, key, `status ${response.status}`);
    if (response.status === 501) headers = {};
    else await wait(CONFLICT);
  }
}

/** Between two tries, ms, where somebody writes the same object. */
const CONFLICT = 100;
/** A minute of them: who writes as long has gone, or the server says it of everything. */
const TRIES = 600;

const stuck = ({ address: { name } }: S3Client, key: string, what: string): DataError =>
  new DataError(`${name}/${key}: expected it to be written, got ${what}, ${TRIES} times`);

/** A large object that is written part by part; it appears when it is finished, as a whole. */
export interface Upload {
  put(part: Uint8Array<ArrayBuffer>): Promise<void>;
  finish(): Promise<Put>;
  /** Leaves nothing behind. */
  abort(): Promise<void>;
}

/** Parts have numbers up to this one. */
const MOST_PARTS = 10_000;

/** Begins an upload. Parts are sent `atOnce` at a time; all but the last have one size. */
export async function beginUpload(client: S3Client, key: string, atOnce: number): Promise<Upload> {
  const begun = await client.send({ method: "POST", key, query: { uploads: "" } });
  const uploadId = fieldIn(await textOf(client, begun), "UploadId");
  if (!uploadId)
    throw new DataError(`${client.address.name}/${key}: expected an UploadId, got none`);
  const tags: string[] = [];
  const running = new Set<Promise<void>>();
  let count = 0;

  const send = async (number: number, body: Uint8Array<ArrayBuffer>): Promise<void> => {
    const query = { partNumber: `${number}`, uploadId };
    const response = await client.send({ method: "PUT", key, query, body });
    await discard(response);
    tags[number - 1] = response.headers.get("etag") ?? "";
  };

  const put = async (part: Uint8Array<ArrayBuffer>): Promise<void> => {
    if (++count > MOST_PARTS)
      throw new RangeError(`${key}: expected at most ${MOST_PARTS} parts, got more`);
    while (running.size >= atOnce) await Promise.race(running);
    const sending = send(count, part).finally(() => running.delete(sending));
    // Whoever waits next is told; until then nobody listens.
    sending.catch(() => {});
    running.add(sending);
  };

  const finish = async (): Promise<Put> => {
    await Promise.all(running);
    const parts = tags.map(
      (tag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${tag}</ETag></Part>`,
    );
    const body = new TextEncoder().encode(
      `<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`,
    );
    let headers: Record<string, string> = { ...IF_NONE };
    for (let tries = 1; ; tries++) {
      const response = await client.send({
        ...{ method: "POST", key, query: { uploadId }, body, headers },
        also: [404, 409, 412, 501],
      });
      const text = await textOf(client, response);
      // Success may come with an error in its text, for it is said before the parts are joined.
      const error = fieldIn(text, "Code");
      if (response.ok && error === undefined) return "new";
      if (response.status === 412 || error === "PreconditionFailed") return "refused";
      // The answer to an earlier try was lost, and the upload is over.
      if (response.status === 404) return "refused";
      const what = error ?? `status ${response.status}`;
      if (tries === TRIES) throw stuck(client, key, what);
      if (response.status === 501 || error === "NotImplemented") headers = {};
      else if (response.status === 409) await wait(CONFLICT);
      else throw new DataError(`${client.address.name}/${key}: expected the whole, got ${what}`);
    }
  };

  const abort = async (): Promise<void> => {
    await Promise.allSettled(running);
    const gone = await client.send({ method: "DELETE", key, query: { uploadId }, also: [404] });
    await discard(gone);
  };
  return { put, finish, abort };
}

export const fieldIn = (xml: string, name: string): string | undefined =>
  new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
