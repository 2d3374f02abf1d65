import type { IQueueBackend, Job, JobState, Queue, QueueEvents } from "bullmq";
import { DataError } from "../tensor/errors.ts";
import type { QueueAddress } from "./address.ts";
import { connect, isAway, isDamage, reach, wordsOf } from "./connect.ts";
import { dataOf, isCancelled, type QueueData, type QueueJob, type QueueState } from "./job.ts";
import { atMost, patiently } from "./patience.ts";

/** What is said of a job sooner than one would ask; it may be missed, or come twice. */
export interface QueueNews {
  readonly key: string;
  readonly kind: "started" | "finished" | "failed" | "progress";
  /** With progress: what its worker said. */
  readonly data?: unknown;
}

/** The side of a queue that jobs come from. */
export interface Sender {
  /**
   * Enqueues a job. One that is there stays as it is; one that has failed, or has finished and is
   * wanted again, is tried again. It waits for a server that is away.
   * @throws DataError, as the others, naming the job whose record is damaged
   */
  send(job: QueueJob): Promise<void>;
  stateOf(key: string): Promise<QueueState>;
  /**
   * Ends a job. One that waits is gone when this returns; a worker that has it stops it with the next
   * renewal of its lease.
   */
  cancel(key: string): Promise<void>;
  close(): Promise<void>;
}

export interface SenderOptions {
  readonly address: QueueAddress;
  /** The queue's name. */
  readonly queue: string;
  readonly hear: (news: QueueNews) => void;
  /** What goes wrong in between; the sender goes on. */
  readonly warn?: (error: Error) => void;
  /** So long, ms, the server may need for its first answer. */
  readonly patience?: number;
}

/** A job whose place is lost so often is taken to be the reason. */
const ATTEMPTS = 2;
/** For people who look; results are in the store. */
const KEPT = { age: 24 * 3600, count: 1000 };
const FAILED_KEPT = { age: 30 * 24 * 3600 };
/** Requests under way at a time. */
const AT_ONCE = 64;

type JobEvents = QueueEvents<unknown, IQueueBackend, QueueAddress>;
type JobQueue = Queue<
  QueueData,
  unknown,
  string,
  QueueData,
  unknown,
  string,
  IQueueBackend,
  QueueAddress
>;

/** @throws DataError where a package is missing or the server does not answer */
export async function openSender(options: SenderOptions): Promise<Sender> {
  const { address, queue: name, hear, warn = () => {}, patience } = options;
  const connected = await connect(address);
  const { bullmq, factory, end } = connected;
  const opts = { connection: address };
  const queue: JobQueue = await reach(
    connected,
    (): JobQueue => new bullmq.Queue(name, opts, factory),
    patience,
  );
  const events: JobEvents = await reach(
    connected,
    (): JobEvents => new bullmq.QueueEvents(name, { ...opts, autorun: false }, factory),
    patience,
  ).catch(async (error: unknown) => {
    await end(queue);
    throw error;
  });
  const complain = (error: Error): void => {
    if (!isAway(error)) warn(error);
  };
  queue.on("error", complain);
  events.on("error", complain);
  events.run().catch(complain);
  events.on("active", ({ jobId }) => hear({ key: jobId, kind: "started" }));
  events.on("completed", ({ jobId }) => hear({ key: jobId, kind: "finished" }));
  events.on("failed", ({ jobId }) => hear({ key: jobId, kind: "failed" }));
  events.on("progress", ({ jobId, data }) => hear({ key: jobId, kind: "progress", data }));

  const inTurn = atMost(AT_ONCE);
  const closing = new AbortController();
  const ask = <T>(key: string, request: () => Promise<T>): Promise<T> =>
    inTurn(() => patiently(request, closing.signal)).catch((error: unknown) => {
      throw isDamage(error)
        ? new DataError(
            `queue: ${address.name}: expected what BullMQ keeps of job ${key}, got ${wordsOf(error)}`,
          )
        : error;
    });
  const stateOf = (key: string) => ask(key, () => queue.getJobState(key));
  const jobOf = (key: string): Promise<Job<QueueData> | undefined> =>
    ask(key, () => queue.getJob(key));

  const enqueue = ({ key, label, priority, data }: QueueJob) =>
    ask(key, () =>
      queue.add(label, data, {
        ...{ jobId: key, priority, attempts: ATTEMPTS },
        ...{ removeOnComplete: KEPT, removeOnFail: FAILED_KEPT },
      }),
    );

  const mark = async (key: string, cancelled: boolean): Promise<void> => {
    const job = await jobOf(key);
    if (!job || isCancelled(job.data) === cancelled) return;
    const data = dataOf(job);
    await ask(key, () => job.updateData({ ...data, cancelled }));
  };

  return {
    send: async (job) => {
      const state = await stateOf(job.key);
      if (state === "unknown") {
        // What has its name and is no job would stay, and nothing be enqueued.
        await jobOf(job.key);
        return void (await enqueue(job));
      }
      // Somebody may have cancelled it, and not been heard yet.
      if (state !== "failed" && state !== "completed") return mark(job.key, false);
      // Adding an id that is there does nothing, and says nothing.
      await ask(job.key, () => queue.remove(job.key));
      await enqueue(job);
    },
    stateOf: async (key) => {
      const state = await stateOf(key);
      const kind = KINDS[state];
      if (kind !== "failed") return { kind };
      const job = await jobOf(key);
      return { kind: "failed", reason: job?.failedReason ?? "it has failed" };
    },
    cancel: async (key) => {
      const kind = KINDS[await stateOf(key)];
      // 0: a worker has taken it since.
      if (kind === "waiting" && (await ask(key, () => queue.remove(key))) === 1) return;
      if (kind === "waiting" || kind === "running") await mark(key, true);
    },
    close: async () => {
      closing.abort();
      await end(events, queue);
    },
  };
}

const KINDS: Readonly<Record<JobState | "unknown", QueueState["kind"]>> = {
  failed: "failed",
  active: "running",
  completed: "finished",
  delayed: "waiting",
  prioritized: "waiting",
  waiting: "waiting",
  "waiting-children": "waiting",
  unknown: "unknown",
};
