import { isRecord } from "../json/isRecord.ts";
import { refuse } from "../text/jsonl.ts";

/** A job as a queue carries it: data, never code, weights or secrets. */
export interface QueueJob {
  /** Names it by all that decides its result, in hexadecimal; no two jobs of a queue have one key. */
  readonly key: string;
  /** For people who look at the queue. */
  readonly label: string;
  /** Lower ones first; from 1. */
  readonly priority: number;
  /** What workers read, as JSON. */
  readonly data: QueueData;
}

/** What a worker is given: which of its runners it is for, and what that reads. */
export interface QueueData {
  /** `row`, … */
  readonly kind: string;
  /** Set when nobody wants it any more: whoever has it stops. */
  readonly cancelled?: boolean;
  readonly [field: string]: unknown;
}

/**
 * What a job out of a queue holds: another program, or another version, may have put anything there.
 * @throws DataError for a job that is none of ours
 */
export function dataOf({
  id = "",
  data,
}: {
  readonly id?: string | undefined;
  readonly data: unknown;
}): QueueData {
  const kind = isRecord(data) ? data["kind"] : undefined;
  const isOurs = isRecord(data) && typeof kind === "string";
  return isOurs ? { ...data, kind } : refuse(`job ${id}`, "data of a kind", data);
}

/** Whether nobody wants a job any more that holds this. */
export const isCancelled = (data: unknown): boolean => isRecord(data) && data["cancelled"] === true;

/** Where a job is: in the queue, with a worker, or ended; `unknown` where the queue has forgotten it. */
export type QueueState =
  | { readonly kind: "waiting" | "running" | "finished" | "unknown" }
  | { readonly kind: "failed"; readonly reason: string };

/** Nobody wants a job any more. */
export class Cancelled extends Error {
  override readonly name = "Cancelled";
}

/** The place that ran a job is gone, or was wanted back: it may succeed elsewhere. */
export class PlaceLost extends Error {
  override readonly name = "PlaceLost";
}
