import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { queueName, readQueueUrl } from "../../src/queue/address.ts";
import { PlaceLost, type QueueJob } from "../../src/queue/job.ts";
import {
  openReceiver,
  type ReceivedJob,
  type Receiver,
  type ReceiverOptions,
} from "../../src/queue/receiver.ts";
import { openSender, type QueueNews, type Sender } from "../../src/queue/sender.ts";
import { outage } from "./outage.ts";
import { kinds, type QueueServer } from "./servers.ts";

const job = (key: string, priority = 3): QueueJob => ({
  ...{ key, label: `the job ${key}`, priority, data: { kind: "row", of: key } },
});

describe("a queue's URL", () => {
  it("is read, and shown without what is secret", () => {
    expect(readQueueUrl("redis://me:hidden@host:6379/2")).toMatchObject({
      ...{ backend: "redis", name: "redis://host:6379/2", hasSecret: true },
    });
    expect(readQueueUrl("rediss://host")).toMatchObject({ backend: "redis", hasSecret: false });
    expect(readQueueUrl("postgres://me@host/runs")).toMatchObject({
      ...{ backend: "postgres", name: "postgres://host/runs", hasSecret: false },
    });
    expect(readQueueUrl("postgresql://host/runs?password=hidden").hasSecret).toBe(true);
    for (const text of ["", "host:6379", "http://me:hidden@host", "redis:", "runs"]) {
      expect(() => readQueueUrl(text), text).toThrow(/^queue: expected redis:/);
      expect(() => readQueueUrl(text), text).not.toThrow("hidden");
    }
  });

  it("names a queue by what its workers must have", () => {
    expect(queueName("wasm-fma-1", false)).toBe("anchorgrad-wasm-fma-1-cpu");
    expect(queueName("webgpu-x-1", true)).toBe("anchorgrad-webgpu-x-1-gpu");
  });
});

describe("a server that is not there", () => {
  it("is an error that names it", async () => {
    const address = readQueueUrl("redis://:hidden@127.0.0.1:1");
    const opening = openSender({ address, queue: "q", hear: () => {}, patience: 500 });
    await expect(opening).rejects.toThrow("queue: redis://127.0.0.1:1: expected a server, got");
  });

  it("is one, too, where it goes before it has said what tables it has", async () => {
    let greeted = 0;
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => {
        greeted++;
        // PostgreSQL's "welcome" and "ready", and the end.
        const welcome = [0x52, 0, 0, 0, 8, 0, 0, 0, 0];
        socket.write(Buffer.from([...welcome, 0x5a, 0, 0, 0, 5, 0x49]));
        setTimeout(() => socket.destroy(), 10);
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    try {
      const address = readQueueUrl(`postgres://me@127.0.0.1:${port}/runs`);
      // It is asked again while there is patience, of which a busy machine needs more.
      for (let patience = 500; greeted < 2; patience *= 2) {
        greeted = 0;
        const opening = openSender({ address, queue: "q", hear: () => {}, patience });
        await expect(opening).rejects.toThrow(/^queue: postgres:.*: expected a server, got/);
      }
    } finally {
      server.close();
    }
  });
});

for (const kind of kinds) {
  const title = `a queue on ${kind.name}${kind.absent ? ` (skipped: ${kind.absent})` : ""}`;
  describe.skipIf(kind.absent)(title, () => {
    let server: QueueServer;
    let count = 0;
    const open: (() => Promise<void>)[] = [];
    beforeAll(async () => {
      server = await kind.open();
    });
    afterAll(() => server?.close());
    afterEach(async () => {
      for (const close of open.splice(0).reverse()) await close();
    });

    interface Both {
      readonly sender: Sender;
      readonly news: QueueNews[];
      readonly ran: string[];
      receive(
        run: (job: ReceivedJob) => Promise<void>,
        more?: Partial<ReceiverOptions>,
      ): Promise<Receiver>;
    }

    async function both({ lease = 60_000, renewal = 1000 } = {}): Promise<Both> {
      const address = readQueueUrl(server.url);
      const queue = `queue-${count++}`;
      const news: QueueNews[] = [];
      const ran: string[] = [];
      const sender = await openSender({ address, queue, hear: (one) => news.push(one) });
      open.push(() => sender.close());
      const receive: Both["receive"] = async (run, more) => {
        const receiver = await openReceiver({
          ...{ address, queue, name: "here", concurrency: 1, lease, renewal, ...more },
          run: (received) => {
            ran.push(received.key);
            return run(received);
          },
        });
        open.push(() => receiver.close(0));
        return receiver;
      };
      return { sender, news, ran, receive };
    }
    const stateOf = (sender: Sender, key: string) => async () => (await sender.stateOf(key)).kind;

    it("gives each job to one worker, those that others need first", async () => {
      const { sender, news, ran, receive } = await both();
      const keys = ["c3", "b2", "d3", "a1"];
      for (const key of keys) await sender.send(job(key, Number(key[1])));
      await sender.send(job("c3"));
      expect(await sender.stateOf("b2")).toEqual({ kind: "waiting" });
      expect(await sender.stateOf("no")).toEqual({ kind: "unknown" });
      await receive(async ({ data, label, progress, key }) => {
        expect({ data, label }).toEqual({
          data: { kind: "row", of: key },
          label: `the job ${key}`,
        });
        progress({ step: 1 });
      });
      for (const key of keys) await expect.poll(stateOf(sender, key)).toBe("finished");
      expect(ran).toEqual(["a1", "b2", "c3", "d3"]);
      const heard = () => news.filter(({ kind: what }) => what === "finished").length;
      await expect.poll(heard).toBe(4);
      const progress = { key: "a1", kind: "progress", data: { step: 1 } };
      await expect.poll(() => news).toContainEqual(progress);
    });

    it("says why a job failed, and tries it again when it is sent again", async () => {
      const { sender, ran, receive } = await both();
      let broken = true;
      await receive(async () => {
        if (broken) throw new RangeError("expected a rate, got none");
      });
      await sender.send(job("a"));
      await expect.poll(stateOf(sender, "a")).toBe("failed");
      const reason = "expected a rate, got none";
      expect(await sender.stateOf("a")).toEqual({ kind: "failed", reason });
      broken = false;
      await sender.send(job("a"));
      await expect.poll(stateOf(sender, "a")).toBe("finished");
      // Its result may have been lost since.
      await sender.send(job("a"));
      await expect.poll(() => ran.length).toBe(3);
    });

    it("tries a job whose place is lost once more, and then no more", async () => {
      const { sender, ran, receive } = await both();
      await receive(async () => {
        throw new PlaceLost("its process ended by SIGKILL");
      });
      await sender.send(job("a"));
      await expect.poll(stateOf(sender, "a")).toBe("failed");
      expect(ran).toEqual(["a", "a"]);
    });

    it("cancels what waits and what runs, until it is sent again", async () => {
      const { sender, ran, receive } = await both({ renewal: 200 });
      await sender.send(job("a"));
      await sender.cancel("a");
      expect(await sender.stateOf("a")).toEqual({ kind: "unknown" });
      await sender.cancel("a");
      const reasons: unknown[] = [];
      const receiver = await receive(({ signal }) =>
        ran.length > 1 ? Promise.resolve() : aborted(signal, reasons),
      );
      await sender.send(job("b"));
      await expect.poll(() => receiver.running).toBe(1);
      await sender.cancel("b");
      await expect.poll(stateOf(sender, "b")).toBe("failed");
      expect(String(reasons)).toBe("Cancelled: the job b: it was cancelled");
      await sender.send(job("b"));
      await expect.poll(stateOf(sender, "b")).toBe("finished");
    });

    it("forgets that a job was cancelled when somebody wants it before that was heard", async () => {
      const { sender, receive } = await both({ renewal: 60_000 / 2 });
      let end: () => void = () => {};
      const receiver = await receive(
        () =>
          new Promise((resolve) => {
            end = resolve;
          }),
      );
      await sender.send(job("a"));
      await expect.poll(() => receiver.running).toBe(1);
      await sender.cancel("a");
      await sender.send(job("a"));
      end();
      await expect.poll(stateOf(sender, "a")).toBe("finished");
    });

    it("hands back what a worker that ends has not finished", async () => {
      const { sender, ran, receive } = await both();
      const first = await receive(({ signal }) => aborted(signal));
      await sender.send(job("a"));
      await expect.poll(() => first.running).toBe(1);
      await first.close(50);
      expect(await sender.stateOf("a")).toEqual({ kind: "waiting" });
      await receive(async () => {});
      await expect.poll(stateOf(sender, "a")).toBe("finished");
      expect(ran).toEqual(["a", "a"]);
    });

    it("stops a job whose lease ended, and gives it to somebody else", async () => {
      const { sender, receive } = await both();
      const reasons: unknown[] = [];
      // Never done with it, however often it gets it: the other one is.
      const first = await receive(({ signal }) => aborted(signal, reasons), {
        ...{ lease: 1500, renewal: 10_000 },
      });
      await sender.send(job("a"));
      await expect.poll(() => reasons).not.toHaveLength(0);
      expect(String(reasons[0])).toContain("its lease of 1.5 s could not be renewed");
      const others: string[] = [];
      await receive(async ({ key }) => void others.push(key), { look: 500 });
      await first.close(0);
      await expect.poll(stateOf(sender, "a")).toBe("finished");
      expect(others).toEqual(["a"]);
    });

    // What decides is whether the lease outlasts the outage, which here spans several renewals and
    // looks: leases of ten minutes and an outage of one are the same, but for the time they take, and
    // no load ends such a lease.
    it("repeats nothing while its server is away for less than a lease", async () => {
      const lasting = { lease: 600_000, renewal: 400, look: 300, away: 2000 };
      const { began, stopped } = await outage({ server, ...lasting, how: "stop" });
      expect({ began: began.toSorted(), stopped }).toEqual({
        ...{ began: ["late", "long", "short"], stopped: [] },
      });
    });

    it("stops and repeats what runs while its server is away for longer", async () => {
      const ending = { lease: 700, renewal: 200, look: 300, away: 2500 };
      const { began, stopped } = await outage({ server, ...ending, how: "stop" });
      expect(began.filter((key) => key === "long").length).toBeGreaterThan(1);
      expect(stopped).toContain("PlaceLost: its lease of 0.7 s could not be renewed");
    });

    it("sends what it was given while its server was away", async () => {
      const { sender, ran, receive } = await both();
      await receive(async () => {});
      await server.kill();
      const sending = sender.send(job("b"));
      await wait(500);
      await server.start();
      await sending;
      await expect.poll(stateOf(sender, "b")).toBe("finished");
      expect(ran).toEqual(["b"]);
    });
  });
}

const aborted = (signal: AbortSignal, reasons: unknown[] = []): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () => {
      reasons.push(signal.reason);
      reject(signal.reason);
    });
  });
