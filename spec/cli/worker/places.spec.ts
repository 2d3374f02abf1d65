import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openPlaces } from "../../../src/cli/queue/places.ts";
import { readWorkerOptions } from "../../../src/cli/worker/options.ts";
import { type Commands, endOf, openCommands } from "./commands.ts";

describe("a queue and a store on the command line", () => {
  it("may be named by the environment, which alone may hold a password", async () => {
    const open = (given: { queue?: string; store?: string }, env = {}) =>
      openPlaces(given, "/some/where", env);
    expect(await open({})).toBeUndefined();
    expect(await open({}, { ANCHORGRAD_QUEUE: "", ANCHORGRAD_STORE: "kept" })).toBeUndefined();
    const both = await open({ queue: "redis://host", store: "kept" });
    expect([both?.address.url, both?.store.name]).toEqual(["redis://host", "/some/where/kept"]);
    const secret = "redis://:hidden@host";
    const env = { ANCHORGRAD_QUEUE: secret, ANCHORGRAD_STORE: "kept" };
    expect((await open({}, env))?.address.url).toBe(secret);
    expect((await open({ queue: "redis://other" }, env))?.address.name).toBe("redis://other");
    const refused = open({ queue: secret, store: "kept" });
    await expect(refused).rejects.toThrow(/expected a URL without a password.*ANCHORGRAD_QUEUE/);
    await expect(refused).rejects.not.toThrow("hidden");
    await expect(open({ queue: "redis://host" })).rejects.toThrow("--queue: expected a --store");
    await expect(open({ store: "kept" })).rejects.toThrow("--store: expected a --queue");
  });

  it("are what a worker cannot do without", async () => {
    const read = (line: string) => readWorkerOptions(line.split(" ").filter(Boolean), "/");
    await expect(read("")).rejects.toThrow("--queue: expected a queue's URL");
    const options = "--queue redis://host --store kept --concurrency 2 --threads 1";
    expect(await read(options)).toMatchObject({
      ...{ concurrency: 2, lease: 600_000, renewal: 60_000, grace: 25_000, idle: undefined },
      engine: { backend: "wasm", threads: 1 },
    });
    expect(await read(`${options} --lease 20 --idle 5`)).toMatchObject({
      ...{ lease: 20_000, renewal: 2000, idle: 5000 },
    });
    await expect(read(`${options} --lease 20 --renewal 11`)).rejects.toThrow("half of --lease");
  });
});

describe("without the optional packages", () => {
  let commands: Commands;
  beforeAll(async () => {
    commands = await openCommands(false);
  });
  afterAll(() => commands.close());

  it.each([
    ["redis://127.0.0.1:1", "npm install bullmq ioredis"],
    ["postgres://127.0.0.1:1/a", "npm install bullmq pg"],
  ])("a sweep over %s says what to install", async (queue, what) => {
    const folder = await commands.folder(what.replaceAll(" ", "-"));
    const args = ["sweep", "smoke", "--queue", queue, "--store", "kept", "--threads", "1"];
    expect(await endOf(commands.start(folder, args), 1)).toContain(what);
  });

  it("a bucket says what to install", async () => {
    const folder = await commands.folder("bucket");
    const args = ["worker", "--queue", "redis://127.0.0.1:1", "--store", "s3://runs"];
    const env = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "key" };
    const text = await endOf(commands.start(folder, args, { env }), 1);
    expect(text).toContain("npm install aws4fetch");
  });
});
