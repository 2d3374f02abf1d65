import { type QueueAddress, readQueueUrl } from "../../queue/address.ts";
import { openStore } from "../../store/openStore.ts";
import type { Store } from "../../store/store.ts";
import { type Knob, text, type Values } from "../terminal/knobs.ts";
import { UsageError } from "../terminal/usage.ts";

/** Where jobs are exchanged, and what they read and leave. */
export const placeKnobs: { readonly queue: Knob<string>; readonly store: Knob<string> } = {
  queue: text("<url>", "redis://host, rediss://host or postgres://host/database"),
  store: text("<place>", "a folder that all see, or s3://bucket/prefix"),
};

export interface Places {
  readonly address: QueueAddress;
  readonly store: Store;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export const placesHelp = `Queue and store
ANCHORGRAD_QUEUE and ANCHORGRAD_STORE stand for --queue and --store. Passwords belong there: a command
line is seen by everybody on the machine. Buckets take AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_SESSION_TOKEN, AWS_REGION and AWS_ENDPOINT_URL_S3; or, for other servers than Amazon's,
s3://bucket/prefix?endpoint=https://host:9000&region=auto&style=path. Beside anchorgrad they need
packages: npm install bullmq ioredis, or bullmq pg; aws4fetch for buckets.
`;

/**
 * Opens the queue's address and the store that a command line or the environment names.
 * @returns undefined where neither names a queue
 * @throws UsageError for a password on the command line, or a queue without a store
 */
export async function openPlaces(
  given: Values<typeof placeKnobs>,
  folder: string,
  env: Environment,
): Promise<Places | undefined> {
  const url = given.queue ?? (env["ANCHORGRAD_QUEUE"] || undefined);
  const place = given.store ?? (env["ANCHORGRAD_STORE"] || undefined);
  if (url === undefined) {
    if (given.store === undefined) return undefined;
    throw new UsageError("--store: expected a --queue with it, got none");
  }
  const address = readQueueUrl(url);
  if (given.queue !== undefined && address.hasSecret)
    throw new UsageError(
      `--queue: expected a URL without a password, which everybody on this machine could read, got one for ${address.name}; set ANCHORGRAD_QUEUE to it instead`,
    );
  if (place === undefined)
    throw new UsageError("--queue: expected a --store with it, or ANCHORGRAD_STORE, got none");
  return { address, store: await openStore(place, folder, env) };
}
