import { createRequire } from "node:module";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readQueueUrl } from "../../src/queue/address.ts";
import { connect } from "../../src/queue/connect.ts";
import { openReceiver } from "../../src/queue/receiver.ts";
import { openSender } from "../../src/queue/sender.ts";
import { kinds, type QueueServer, redis } from "./servers.ts";

/** What another program, or another version, may have put there. */
const strangers = [null, 7, "text", [], {}, { kind: 1 }, { kind: null, cancelled: false }];

for (const kind of kinds) {
  const title = `a queue on ${kind.name}${kind.absent ? ` (skipped: ${kind.absent})` : ""}`;
  describe.skipIf(kind.absent)(title, () => {
    let server: QueueServer;
    beforeAll(async () => {
      server = await kind.open();
    });
    afterAll(() => server?.close());

    it("refuses jobs of others, and runs its own", async () => {
      const [address, queue] = [readQueueUrl(server.url), "queue"];
      const { bullmq, factory, end } = await connect(address);
      const other = new bullmq.Queue(queue, { connection: address }, factory);
      for (const [i, data] of strangers.entries())
        await other.add("other", data, { jobId: `other-${i}`, priority: 1 });
      const sender = await openSender({ address, queue, hear: () => {} });
      await sender.send({ key: "a", label: "ours", priority: 3, data: { kind: "row" } });
      const ran: string[] = [];
      const receiver = await openReceiver({
        ...{ address, queue, name: "here", concurrency: 1, lease: 60_000, renewal: 1000 },
        run: async ({ key }) => void ran.push(key),
      });
      const stateOf = async (key: string) => (await sender.stateOf(key)).kind;
      await expect.poll(() => stateOf("a")).toBe("finished");
      for (const i of strangers.keys())
        expect(await sender.stateOf(`other-${i}`)).toEqual({
          ...{
            kind: "failed",
            reason: expect.stringContaining(`job other-${i}: expected data of a`),
          },
        });
      expect(ran).toEqual(["a"]);
      await receiver.close(0);
      await sender.close();
      await end(other);
    });
  });
}

/** What the tests ask of Redis beside the queue. */
interface Client {
  set(key: string, value: string): Promise<unknown>;
  hset(key: string, field: string, value: string): Promise<unknown>;
  disconnect(): void;
}

const title = `Redis, damaged${redis.absent ? ` (skipped: ${redis.absent})` : ""}`;
describe.skipIf(redis.absent)(title, () => {
  let server: QueueServer;
  let client: Client;
  beforeAll(async () => {
    server = await redis.open();
    const { Redis } = createRequire(import.meta.url)("ioredis") as {
      readonly Redis: new (url: string) => Client;
    };
    client = new Redis(server.url);
  });
  afterAll(async () => {
    client?.disconnect();
    await server?.close();
  });
  const job = (key: string) => ({ key, label: key, priority: 1, data: { kind: "row" } });

  it("names the job whose record is of another kind, or cut short, and goes on with others", async () => {
    const [address, queue] = [readQueueUrl(server.url), "queue"];
    const sender = await openSender({ address, queue, hear: () => {} });
    await client.set(`anchorgrad:${queue}:wrong`, "x");
    await sender.send(job("cut"));
    await client.hset(`anchorgrad:${queue}:cut`, "data", '{"kind":"ro');
    const refused = (key: string, why: string) =>
      expect(sender.send(job(key))).rejects.toThrow(
        new RegExp(
          `^queue: redis://127\\.0\\.0\\.1:\\d+\\S*: expected what BullMQ keeps of job ${key}, got ${why}`,
        ),
      );
    await refused("wrong", "WRONGTYPE");
    await refused("cut", "Unterminated string in JSON");
    const ran: string[] = [];
    const receiver = await openReceiver({
      ...{ address, queue, name: "here", concurrency: 1, lease: 60_000, renewal: 1000 },
      run: async ({ key }) => void ran.push(key),
    });
    await sender.send(job("sound"));
    await expect.poll(async () => (await sender.stateOf("sound")).kind).toBe("finished");
    expect(ran).toEqual(["sound"]);
    await receiver.close(0);
    await sender.close();
  });

  it("whose own list is of another kind is named with every job", async () => {
    const [address, queue] = [readQueueUrl(server.url), "lists"];
    const sender = await openSender({ address, queue, hear: () => {} });
    for (const state of ["completed", "failed", "prioritized"])
      await client.set(`anchorgrad:${queue}:${state}`, "x");
    await expect(sender.stateOf("a")).rejects.toThrow(
      /^queue: redis:\S+: expected what BullMQ keeps of job a, got WRONGTYPE/,
    );
    await sender.close();
  });
});
