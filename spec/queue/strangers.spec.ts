import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readQueueUrl } from "../../src/queue/address.ts";
import { connect } from "../../src/queue/connect.ts";
import { openReceiver } from "../../src/queue/receiver.ts";
import { openSender } from "../../src/queue/sender.ts";
import { kinds, type QueueServer } from "./servers.ts";

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
