import { setTimeout as wait } from "node:timers/promises";
import { DataError } from "../../tensor/errors.ts";
import { discard } from "../../weights/hub/discard.ts";
import type { S3Client } from "./client.ts";

/** A line that breaks so often without a byte in between is down. */
const TRIES = 8;

/**
 * An object's bytes; where the line breaks they go on from there, as long as it is the same object.
 * @returns undefined where there is none
 */
export async function readObject(
  client: S3Client,
  key: string,
): Promise<ReadableStream<Uint8Array> | undefined> {
  const first = await client.send({ method: "GET", key, also: [404] });
  if (first.status === 404) {
    await discard(first);
    return undefined;
  }
  const etag = first.headers.get("etag");
  const length = Number(first.headers.get("content-length") ?? Number.NaN);
  let reader = first.body?.getReader();
  let [got, tries] = [0, 0];

  const reopen = async (): Promise<void> => {
    const next = await client.send({
      ...{ method: "GET", key },
      headers: { range: `bytes=${got}-`, ...(etag && { "if-match": etag }) },
    });
    // Without a range it is the whole again.
    if (next.status !== 206)
      throw new DataError(`${client.address.name}/${key}: expected its rest, got ${next.status}`);
    reader = next.body?.getReader();
  };

  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        for (;;) {
          try {
            const { done, value } = (await reader?.read()) ?? { done: true };
            if (value) {
              [got, tries] = [got + value.length, 0];
              return controller.enqueue(value);
            }
            if (done && (Number.isNaN(length) || got === length)) return controller.close();
          } catch (error) {
            if (tries === TRIES) throw error;
          }
          if (tries++ === TRIES)
            throw new DataError(
              `${client.address.name}/${key}: expected ${length} bytes, got ${got} before the line broke`,
            );
          await wait(50 * tries);
          await reopen();
        }
      },
      cancel: async (reason) => reader?.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
