import { setTimeout as wait } from "node:timers/promises";
import type { IQueueBackend, Job, JobProgress, Worker } from "bullmq";
import type { QueueAddress } from "./address.ts";
import { connect, isAway, reach, wordsOf } from "./connect.ts";
import { Cancelled, dataOf, isCancelled, PlaceLost, type QueueData } from "./job.ts";
import { keepLease } from "./lease.ts";

/** A job that is here to be run. */
export interface ReceivedJob {
  readonly key: string;
  readonly label: string;
  readonly data: QueueData;
  /** Aborted when the job is not to be run here any more, with the reason. */
  readonly signal: AbortSignal;
  /** Tells those who watch the queue how far it has come. */
  progress(data: object): void;
}

export interface ReceiverOptions {
  readonly address: QueueAddress;
  /** The queue's name. */
  readonly queue: string;
  /** Who takes the jobs, for people who look at the queue. */
  readonly name: string;
  /** Jobs at a time. */
  readonly concurrency: number;
  /** Without a renewal for so long, ms, a job is given to somebody else. */
  readonly lease: number;
  /** Between two renewals, ms. */
  readonly renewal: number;
  /** Between two looks for jobs whose worker has gone, ms; half a lease by default, 30 s at most. */
  readonly look?: number;
  /**
   * Runs a job; its result lies in the store when this returns.
   * @throws PlaceLost when it may succeed elsewhere; the job's own error otherwise
   */
  readonly run: (job: ReceivedJob) => Promise<void>;
  /** What goes wrong in between; the receiver goes on. */
  readonly warn?: (error: Error) => void;
  /** So long, ms, the server may need for its first answer. */
  readonly patience?: number;
}

/** The side of a queue that runs jobs. */
export interface Receiver {
  /** Jobs under way. */
  readonly running: number;
  /** Milliseconds since there was something to do. */
  idle(): number;
  /**
   * Takes no more jobs, and waits for those under way.
   * @param grace so long, ms; then they are handed back
   */
  close(grace: number): Promise<void>;
}

/** A job that ended with the machines of so many workers is not given to another one. */
const STALLS = 3;
const LONGEST_LOOK = 30_000;
/** So long, ms, it may take to hand jobs back: what they hold is put into a store before. */
const HANDING_BACK = 60_000;
/** Between two tries, ms, to say that a job has ended. */
const RETRY = 2000;

type JobWorker = Worker<QueueData, void, string, IQueueBackend, JobProgress, QueueAddress>;

/** @throws DataError where a package is missing or the server does not answer */
export async function openReceiver(options: ReceiverOptions): Promise<Receiver> {
  const { address, queue, name, concurrency, lease, renewal, run, warn = () => {} } = options;
  const { patience, look = Math.min(LONGEST_LOOK, Math.ceil(lease / 2)) } = options;
  const connected = await connect(address);
  const { bullmq, factory } = connected;
  const running = new Set<AbortController>();
  let last = performance.now();
  let handBack = false;

  const serve = async (job: Job<QueueData>, token: string): Promise<void> => {
    const stop = new AbortController();
    running.add(stop);
    const held = keepLease({
      ...{ duration: lease, every: renewal },
      renew: async () => {
        const mine = Boolean(await job.extendLock(token, lease));
        const now = mine ? await bullmq.Job.fromId<QueueData>(worker, job.id ?? "") : undefined;
        if (isCancelled(now?.data)) stop.abort(new Cancelled(`${job.name}: it was cancelled`));
        return mine;
      },
      lost: (why) => stop.abort(new PlaceLost(why)),
    });
    try {
      if (isCancelled(job.data)) throw new Cancelled(`${job.name}: it was cancelled`);
      await run({
        ...{ key: job.id ?? "", label: job.name, data: dataOf(job), signal: stop.signal },
        progress: (data) => void job.updateProgress(data).catch(warn),
      });
      // A server that is away now would not hear that it has ended, and give it to somebody else.
      if (!(await held.confirm())) throw new bullmq.WaitingError();
    } catch (error) {
      const mine = await held.confirm();
      if (mine && handBack && stop.signal.aborted) await job.moveToWait(token);
      const { aborted, reason } = stop.signal;
      const why: unknown = reason instanceof Cancelled ? reason : error;
      // Whoever has lost a job says nothing of it any more: it is somebody else's.
      if (!mine || (aborted && why !== reason)) throw new bullmq.WaitingError();
      if (why instanceof PlaceLost) throw why;
      throw Object.assign(new bullmq.UnrecoverableError(wordsOf(why)), {
        stack: why instanceof Error ? why.stack : "",
      });
    } finally {
      held.end();
      running.delete(stop);
      last = performance.now();
    }
  };

  const make = (): JobWorker =>
    new bullmq.Worker(
      queue,
      (job: Job<QueueData>, token = "") => serve(job, token),
      {
        ...{ connection: address, name, concurrency, autorun: false },
        // Renewed here, job by job: a lease that ends unheard is lost as well.
        ...{ lockDuration: lease, skipLockRenewal: true },
        ...{ stalledInterval: look, maxStalledCount: STALLS, runRetryDelay: RETRY },
      },
      factory,
    );
  const worker = await reach(connected, make, patience);
  worker.on("error", (error) => {
    if (!isAway(error)) warn(error);
  });
  worker.run().catch(warn);
  return {
    get running() {
      return running.size;
    },
    idle: () => (running.size > 0 ? 0 : performance.now() - last),
    close: async (grace) => {
      // What is being fetched at this moment still comes.
      const ended = worker.pause(false).catch(warn);
      const timer = setTimeout(() => {
        handBack = true;
        for (const stop of running) stop.abort(new PlaceLost("its worker was told to end"));
      }, grace);
      // A server that is away learns of it when the leases end.
      await Promise.race([ended, wait(grace + HANDING_BACK, undefined, { ref: false })]);
      clearTimeout(timer);
      await connected.end(worker);
    },
  };
}
