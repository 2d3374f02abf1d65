import { setTimeout as wait } from "node:timers/promises";
import { readQueueUrl } from "../../src/queue/address.ts";
import { openReceiver } from "../../src/queue/receiver.ts";
import { openSender } from "../../src/queue/sender.ts";
import type { QueueServer } from "./servers.ts";

export interface OutageOptions {
  readonly server: QueueServer;
  /** Of the workers, ms. */
  readonly lease: number;
  readonly renewal: number;
  readonly look: number;
  /** How long nobody answers, ms. */
  readonly away: number;
  /** How the server goes: with or without what it has not written yet. */
  readonly how: "stop" | "kill";
}

/** What became of the jobs that ran when the server went. */
export interface Outage {
  /** Names of jobs, as often as a worker began them. */
  readonly began: readonly string[];
  /** Why workers stopped them. */
  readonly stopped: readonly string[];
  /** Milliseconds from the server's return until it had heard of all ends. */
  readonly heard: number;
}

const JOBS = ["long", "short", "late"];
let count = 0;

/**
 * Three workers with a job each, when the server goes away for a while: `short` ends meanwhile, `late`
 * when it is back, and `long` when workers have looked twice for jobs that nobody has any more. A
 * fourth worker has nothing to do, and takes what is given away.
 */
export async function outage(options: OutageOptions): Promise<Outage> {
  const { server, lease, renewal, look, away, how } = options;
  const address = readQueueUrl(server.url);
  const queue = `outage-${count++}`;
  const [began, stopped]: [string[], string[]] = [[], []];
  const ends = new Map<string, () => void>();
  const sender = await openSender({ address, queue, hear: () => {} });
  const open = () =>
    openReceiver({
      ...{ address, queue, name: "worker", concurrency: 1, lease, renewal, look },
      run: ({ key, signal }) => {
        const again = began.includes(key);
        began.push(key);
        if (again) return Promise.resolve();
        return new Promise((resolve, reject) => {
          ends.set(key, resolve);
          signal.addEventListener("abort", () => {
            stopped.push(`${signal.reason}`);
            reject(signal.reason);
          });
        });
      },
    });
  const receivers = [await open(), await open(), await open()];
  try {
    for (const key of JOBS)
      await sender.send({ key, label: key, priority: 1, data: { kind: "row" } });
    while (ends.size < JOBS.length) await wait(10);
    receivers.push(await open());
    await server[how]();
    await wait(away / 2);
    ends.get("short")?.();
    await wait(away / 2);
    await server.start();
    const back = performance.now();
    ends.get("late")?.();
    const isHeard = async (keys: readonly string[]): Promise<void> => {
      for (const key of keys)
        while ((await sender.stateOf(key)).kind !== "finished") await wait(20);
    };
    await isHeard(["short", "late"]);
    const heard = performance.now() - back;
    await wait(2.5 * look);
    ends.get("long")?.();
    await isHeard(["long"]);
    return { began, stopped, heard };
  } finally {
    for (const receiver of receivers) await receiver.close(0);
    await sender.close();
  }
}
