import type { QueueJob, QueueState } from "../../../src/queue/job.ts";
import type { ReceivedJob } from "../../../src/queue/receiver.ts";
import type { QueueNews, Sender } from "../../../src/queue/sender.ts";

/** A queue in memory: jobs run when somebody says so, in the order in which they came. */
export interface FakeQueue {
  /** As whoever sends sees it. */
  open(hear: (news: QueueNews) => void): Promise<Sender>;
  /** Jobs that wait. */
  readonly waiting: readonly QueueJob[];
  /** How often a job was sent. */
  readonly sent: readonly QueueJob[];
  /** Runs the first one that waits. @returns what it ended with */
  serve(run: (job: ReceivedJob) => Promise<void>, signal?: AbortSignal): Promise<QueueState>;
}

export function fakeQueue(): FakeQueue {
  const waiting: QueueJob[] = [];
  const sent: QueueJob[] = [];
  const states = new Map<string, QueueState>();
  let tell: (news: QueueNews) => void = () => {};
  return {
    waiting,
    sent,
    open: async (hear) => {
      tell = hear;
      return {
        send: async (job) => {
          sent.push(job);
          if (states.get(job.key)?.kind === "waiting") return;
          states.set(job.key, { kind: "waiting" });
          waiting.push(job);
        },
        stateOf: async (key) => states.get(key) ?? { kind: "unknown" },
        cancel: async () => {},
        close: async () => {},
      };
    },
    serve: async (run, signal = new AbortController().signal) => {
      const job = waiting.shift();
      if (!job) throw new Error("expected a job that waits, got none");
      const { key, label, data } = job;
      states.set(key, { kind: "running" });
      const progress = (told: object): void => tell({ key, kind: "progress", data: told });
      try {
        // Through JSON, as queues carry it.
        await run({ key, label, data: JSON.parse(JSON.stringify(data)), signal, progress });
        states.set(key, { kind: "finished" });
        tell({ key, kind: "finished" });
      } catch (error) {
        // One that was taken away waits for somebody else.
        if (signal.aborted) {
          states.set(key, { kind: "waiting" });
          waiting.unshift(job);
        } else {
          states.set(key, { kind: "failed", reason: (error as Error).message });
          tell({ key, kind: "failed" });
        }
      }
      return states.get(key) ?? { kind: "unknown" };
    },
  };
}
