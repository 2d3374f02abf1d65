import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { crc32c } from "../../src/logs/crc32c.ts";
import type { LoggedRun } from "../../src/logs/log.ts";
import { beginAll, trackerOf } from "../../src/logs/open.ts";
import { readEvents } from "./reader.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "anchorgrad-logs-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A server that keeps what it is asked, and answers as it is told. */
let server: Server;
let asked: { readonly path: string; readonly body: unknown; readonly headers: object }[];
let answer: (path: string, body: unknown) => { readonly status?: number; readonly json: unknown };
let address: string;
beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const body: unknown = JSON.parse(Buffer.concat(parts).toString());
      asked.push({ path: request.url ?? "", body, headers: request.headers });
      const { status = 200, json } = answer(request.url ?? "", body);
      response.writeHead(status).end(JSON.stringify(json));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const run: LoggedRun = {
  ...{
    group: "smol/lm",
    name: "run 1",
    settings: { alpha: 0.25, method: "anchored", full: false },
  },
  ...{ tags: ["first"], note: "a note" },
};
const silent = (): void => {};

test("CRC-32C has the values of RFC 3720 and of the catalogue", () => {
  expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
});

describe("TensorBoard", () => {
  test("reads back every step and number, and the settings", async () => {
    const metrics = fc.dictionary(fc.stringMatching(/^[a-z/_]{1,12}$/), fc.double());
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 2 ** 40 }), metrics), {
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(steps, async (logged) => {
        const place = await mkdtemp(join(folder, "tb-"));
        const log = await beginAll([trackerOf(`tensorboard=${place}`, {})], run, silent);
        for (const [step, values] of logged) await log.log(step, values);
        await log.end("finished");
        const [file] = await readdir(join(place, "smol-lm/run-1"));
        expect(file).toMatch(/^events\.out\.tfevents\.\d+\./);
        const read = readEvents(await readFile(join(place, "smol-lm/run-1", file as string)));
        expect(read[0]).toMatchObject({ tag: "settings", step: 0 });
        for (const text of ["| alpha | 0.25 |", "first", "a note"])
          expect(read[0]?.text).toContain(text);
        expect(read.slice(1)).toEqual(
          logged.flatMap(([step, values]) =>
            Object.entries(values)
              .filter(([, value]) => Number.isFinite(value))
              .map(([tag, value]) => ({ step, tag, value: Math.fround(value) })),
          ),
        );
      }),
      { numRuns: 50 },
    );
  });
});

describe("a note of strangers", () => {
  test("is a cell of TensorBoard's table, and nothing else", async () => {
    const place = await mkdtemp(join(folder, "tb-"));
    const said = { ...run, note: "a|b\n| c | <b>", settings: { data: "x_`y`.jsonl" } };
    const log = await beginAll([trackerOf(`tensorboard=${place}`, {})], said, silent);
    await log.end("finished");
    const [file] = await readdir(join(place, "smol-lm/run-1"));
    const [first] = readEvents(await readFile(join(place, "smol-lm/run-1", file as string)));
    expect(first?.text).toContain("\n| note | a\\|b \\| c \\| &lt;b&gt; |");
    expect(first?.text).toContain("\n| data | x\\_\\`y\\`.jsonl |\n");
  });
});

describe("MLflow", () => {
  const usual = (path: string) => {
    if (path.endsWith("experiments/create")) return { json: { experiment_id: "7" } };
    if (path.endsWith("runs/create")) return { json: { run: { info: { run_id: "r1" } } } };
    return { json: {} };
  };

  test("gets an experiment, a run with its settings, numbers at steps, and the end", async () => {
    answer = usual;
    const secrets = { MLFLOW_TRACKING_USERNAME: "me", MLFLOW_TRACKING_PASSWORD: "secret" };
    const log = await beginAll([trackerOf(`mlflow=${address}/`, secrets)], run, silent);
    await log.log(3, { loss: 0.5, nothing: Number.NaN });
    await log.end("stopped");
    const paths = asked.map(({ path }) => path.replace("/api/2.0/mlflow/", ""));
    expect(paths).toEqual([
      ...["experiments/create", "runs/create", "runs/log-batch", "runs/log-batch", "runs/update"],
    ]);
    expect(asked[1]?.body).toMatchObject({
      ...{ experiment_id: "7", run_name: "run 1" },
      tags: [
        { key: "mlflow.note.content", value: "a note" },
        { key: "first", value: "true" },
      ],
    });
    expect(asked[2]?.body).toEqual({
      run_id: "r1",
      params: [
        { key: "alpha", value: "0.25" },
        { key: "method", value: "anchored" },
        { key: "full", value: "false" },
      ],
    });
    expect(asked[3]?.body).toMatchObject({ metrics: [{ key: "loss", value: 0.5, step: 3 }] });
    expect(asked[4]?.body).toMatchObject({ run_id: "r1", status: "KILLED" });
    expect(asked[0]?.headers).toMatchObject({
      authorization: `Basic ${Buffer.from("me:secret").toString("base64")}`,
    });
  });

  test.each<[string, object]>([
    ["mlflow", { MLFLOW_TRACKING_TOKEN: "hidden\nb" }],
    ["trackio", { TRACKIO_WRITE_TOKEN: "hidden…" }],
  ])("%s: a secret that no header carries is named, not shown", (kind, environment) => {
    const open = () => trackerOf(`${kind}=${address}`, { ...environment });
    expect(open).toThrow(`${Object.keys(environment)}: expected letters`);
    expect(open).not.toThrow("hidden");
  });

  test.each<[string, unknown]>([
    ["nothing", null],
    ["a number", 3],
    ["a list", [1]],
    ["other fields", { run: "x", experiments: 5 }],
    ["nothing inside", { run: null, experiments: [null] }],
  ])("that answers %s is refused", async (_, json) => {
    answer = () => ({ json });
    await expect(beginAll([trackerOf(`mlflow=${address}`, {})], run, silent)).rejects.toThrow(
      /^(mlflow|http\S+): expected /,
    );
    answer = (path) => (path.endsWith("experiments/create") ? usual(path) : { json });
    await expect(beginAll([trackerOf(`mlflow=${address}`, {})], run, silent)).rejects.toThrow(
      /^(mlflow|http\S+): expected /,
    );
  });

  test("takes the experiment that is there", async () => {
    answer = (path) => {
      if (path.endsWith("experiments/create"))
        return { status: 400, json: { error_code: "RESOURCE_ALREADY_EXISTS" } };
      if (path.endsWith("experiments/search"))
        return { json: { experiments: [{ experiment_id: "12" }] } };
      return usual(path);
    };
    await beginAll([trackerOf(`mlflow=${address}`, {})], { ...run, group: "it's" }, silent);
    expect(asked[1]?.body).toEqual({ filter: "name = 'it''s'", max_results: 1 });
    expect(asked[2]?.body).toMatchObject({ experiment_id: "12" });
  });

  test("that fails on the way stops no run, and gets later what it missed", async () => {
    let isAway = false;
    answer = (path) => (isAway ? { status: 503, json: "away" } : usual(path));
    const told: string[] = [];
    const log = await beginAll([trackerOf(`mlflow=${address}`, {})], run, (text) =>
      told.push(text),
    );
    isAway = true;
    await log.log(1, { loss: 1 });
    await log.log(2, { loss: 2 });
    await expect.poll(() => told).toHaveLength(1);
    isAway = false;
    await log.log(3, { loss: 3 });
    await log.end("finished");
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/refused with status 503.*; the run goes on$/);
    const steps = asked.flatMap(
      ({ body }) => (body as { metrics?: readonly { readonly step: number }[] }).metrics ?? [],
    );
    expect(steps.map(({ step }) => step).slice(-3)).toEqual([1, 2, 3]);
  });

  test("that is away at the end says how much was lost", async () => {
    let isAway = false;
    answer = (path) => (isAway ? { status: 500, json: {} } : usual(path));
    const told: string[] = [];
    const log = await beginAll([trackerOf(`mlflow=${address}`, {})], run, (text) =>
      told.push(text),
    );
    isAway = true;
    await log.log(1, { loss: 1 });
    await log.end("failed");
    expect(told.at(-1)).toBe("logging: 1 steps could not be logged");
  });

  test("that is not there at the beginning is an error that names it", async () => {
    const nobody = trackerOf("mlflow=http://127.0.0.1:1", {});
    await expect(beginAll([nobody], run, silent)).rejects.toThrow(
      /^http:\/\/127\.0\.0\.1:1\/api.*: no answer/,
    );
  });
});

describe("Trackio", () => {
  test("gets the settings, and numbers at steps", async () => {
    answer = () => ({ json: { data: null } });
    const secrets = { TRACKIO_WRITE_TOKEN: "w", HF_TOKEN: "the Hub's alone" };
    const tracker = trackerOf(`trackio=${address}`, secrets);
    const log = await beginAll([tracker], run, silent);
    await log.log(5, { loss: 0.25 });
    await log.end("finished");
    expect(asked.map(({ path }) => path)).toEqual(["/api/bulk_log", "/api/bulk_log"]);
    expect(asked[0]?.body).toMatchObject({
      logs: [{ project: "smol/lm", run: "run 1", config: { alpha: 0.25, tags: ["first"] } }],
    });
    expect(asked[1]?.body).toMatchObject({ logs: [{ metrics: { loss: 0.25 }, step: 5 }] });
    expect(asked[1]?.headers).toMatchObject({ "x-trackio-write-token": "w" });
    expect(asked[1]?.headers).not.toHaveProperty("authorization");
  });
});

test.each([
  ["", "got nothing"],
  ["wandb=http://x", "expected mlflow=URL, trackio=URL or tensorboard=folder"],
  ["mlflow=", "expected mlflow=URL"],
  ["mlflow=ftp://x", "expected an address with http:// or https://"],
  ["mlflow=http://me:secret@x", "without secrets"],
  ["trackio=http://x?write_token=s", "without secrets"],
])("--log %j is refused in words", (text, words) => {
  expect(() => trackerOf(text, {})).toThrow(words);
});
