import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { data } from "../../../src/cli/data/data.ts";
import { download } from "../../../src/cli/download/download.ts";
import { UsageError } from "../../../src/cli/terminal/usage.ts";
import { DataError } from "../../../src/tensor/errors.ts";
import { ownerMark } from "../../../src/weights/disk/temporary.ts";
import { fetchFile } from "../../../src/weights/hub/fetchFile.ts";
import { openPlace, type Place, parseRows } from "../terminal.ts";

const rows = Array.from({ length: 300 }, (_, key) => ({
  ...{ key, prompt: `Say ${key} without commas.`, instruction_id_list: ["punctuation:no_comma"] },
  kwargs: [{}],
}));
const body = Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
const sha256 = createHash("sha256").update(body).digest("hex");

type Handler = (request: IncomingMessage, response: ServerResponse, nth: number) => void;

let place: Place;
let server: Server;
let url: string;
let handler: Handler;
/** The `range` of each request. */
let ranges: (string | undefined)[];

beforeEach(async () => {
  place = await openPlace();
  ranges = [];
  server = createServer((request, response) => {
    ranges.push(request.headers.range);
    handler(request, response, ranges.length);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/input_data.jsonl`;
  handler = serve();
});
afterEach(async () => {
  server.closeAllConnections();
  if (server.listening) await new Promise((done) => server.close(done));
  await place.close();
});

const partialName = (): string => `file.jsonl.${ownerMark()}.partial`;

/** Comes back once the partial file has so many bytes: a cut before would lose what is on its way. */
async function arrival(bytes: number): Promise<void> {
  const path = join(place.folder, "a", partialName());
  while (((await stat(path).catch(() => undefined))?.size ?? 0) < bytes) await setImmediate();
}

/** A server as most are; it breaks off after `cut` bytes of each of its first `cuts` answers. */
const serve =
  ({ etag = '"one"', cut = Infinity, cuts = 0, content = body } = {}): Handler =>
  (request, response, nth) => {
    const asked = /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
    const same = request.headers["if-range"] === etag;
    const start = asked && same ? Number(asked[1]) : 0;
    const size = content.length;
    if (etag !== "") response.setHeader("etag", etag);
    if (start >= size) {
      response.writeHead(416, { "content-range": `bytes */${size}` }).end();
      return;
    }
    response.writeHead(start > 0 ? 206 : 200, {
      "content-length": size - start,
      ...(start > 0 && { "content-range": `bytes ${start}-${size - 1}/${size}` }),
    });
    if (nth > cuts) response.end(content.subarray(start));
    else {
      response.write(content.subarray(start, start + cut));
      arrival(start + cut).then(() => response.destroy());
    }
  };

const run = (args = "") =>
  place.run(download, `ifeval --url ${url} --out a/file.jsonl ${args}`, { fetch });
const file = () => readFile(join(place.folder, "a/file.jsonl"));
const folder = () => readdir(join(place.folder, "a"));
const partial = (content: Buffer, tag: string) =>
  mkdir(join(place.folder, "a"), { recursive: true })
    .then(() => place.write(`a/${partialName()}`, content))
    .then(() => place.write(`a/${partialName()}.tag`, tag));

describe("download", () => {
  it("fetches a file, says what it holds, and leaves nothing beside it", async () => {
    const { out, err, finished } = await run(`--sha256 ${sha256}`);
    expect(finished).toBe(true);
    expect(out).toBe(`${join(place.folder, "a/file.jsonl")}\n`);
    expect(err).toContain("(checked: size and hash); Apache-2.0");
    expect(err).toContain("300 prompts, 0 rows unusable");
    expect(await file()).toEqual(body);
    expect(await folder()).toEqual(["file.jsonl"]);
    expect((await run(`--sha256 ${sha256}`)).err).toContain("there already");
    expect(ranges).toEqual([undefined]);
  });

  it("goes on by itself where a connection was cut", async () => {
    handler = serve({ cut: 5000, cuts: 3 });
    await run(`--sha256 ${sha256}`);
    expect(await file()).toEqual(body);
    expect(ranges).toEqual([undefined, "bytes=5000-", "bytes=10000-", "bytes=15000-"]);
  });

  it("keeps what has come when connections bring nothing more, and goes on next time", async () => {
    handler = (request, response, nth) =>
      nth === 1 ? serve({ cut: 7000, cuts: 9 })(request, response, nth) : response.destroy();
    const failed = run();
    await expect(failed).rejects.toThrow(DataError);
    await expect(failed).rejects.toThrow(/7000 bytes are kept, run it again to go on/);
    await expect(failed).rejects.toThrow(/By hand.*\n.*open https:\/\/github\.com.*/);
    expect(await folder()).toEqual([partialName(), `${partialName()}.tag`]);
    handler = serve();
    await run(`--sha256 ${sha256}`);
    expect(ranges.at(-1)).toBe("bytes=7000-");
    expect(await file()).toEqual(body);
    expect(await folder()).toEqual(["file.jsonl"]);
  });

  it("starts over where the server has another file by now", async () => {
    await partial(Buffer.alloc(4000, "x"), '"old"');
    await run(`--sha256 ${sha256}`);
    expect(ranges).toEqual(["bytes=4000-"]);
    expect(await file()).toEqual(body);
  });

  it("starts over where the server knows no ranges, or the file has no tag", async () => {
    await partial(Buffer.alloc(4000, "x"), "");
    handler = serve({ etag: "" });
    await run(`--sha256 ${sha256}`);
    expect(ranges).toEqual([undefined]);
    expect(await file()).toEqual(body);
  });

  it("takes a partial file that is whole, and drops one that is too long", async () => {
    await partial(body, '"one"');
    await run(`--sha256 ${sha256}`);
    expect(ranges).toEqual([`bytes=${body.length}-`]);
    expect(await file()).toEqual(body);
    await partial(Buffer.concat([body, body]), '"one"');
    const path = join(place.folder, "a/file.jsonl");
    const { signal } = new AbortController();
    const options = { fetch, signal, onProgress: () => {} };
    expect(await fetchFile({ url, sha256 }, path, options)).toBe(true);
    expect(await file()).toEqual(body);
  });

  it("refuses a file with the wrong hash or size, and forgets it", async () => {
    const wrong = "0".repeat(64);
    await expect(run(`--sha256 ${wrong}`)).rejects.toThrow(
      `expected the SHA-256 ${wrong}, got ${sha256}`,
    );
    expect(await folder()).toEqual([]);
    const path = join(place.folder, "a/file.jsonl");
    const { signal } = new AbortController();
    const wanted = { url, size: body.length + 1 };
    await expect(fetchFile(wanted, path, { fetch, signal, onProgress: () => {} })).rejects.toThrow(
      `expected ${body.length + 1} bytes, got ${body.length}`,
    );
  });

  it("does not take a file that is there for another", async () => {
    await run();
    await expect(run(`--sha256 ${"1".repeat(64)}`)).rejects.toThrow(
      "move it away to fetch it again",
    );
    expect(await file()).toEqual(body);
  });

  it.each([404, 403, 500])(
    "says how to get it by hand where the server answers %i",
    async (status) => {
      handler = (_, response) => response.writeHead(status).end("no");
      const failed = run();
      await expect(failed).rejects.toThrow(DataError);
      await expect(failed).rejects.toThrow(`expected status 200, got ${status}`);
      await expect(failed).rejects.toThrow("By hand, on a machine with a connection:");
      expect(await folder()).toEqual([]);
    },
  );

  it("says how to get it by hand when offline", async () => {
    await new Promise((done) => server.close(done));
    const failed = run();
    await expect(failed).rejects.toThrow(/no connection \(.*ECONNREFUSED/);
    await expect(failed).rejects.toThrow(`put the file at ${join(place.folder, "a/file.jsonl")}`);
    const official = place.run(download, "medcalc --release v1.0 --part train");
    await expect(official).rejects.toThrow(
      "https://huggingface.co/datasets/ncbi/MedCalc-Bench-v1.0/resolve/main/data/train-00000-of-00001.parquet",
    );
    await expect(official).rejects.toThrow(".cache/data/medcalc-bench-v1.0-train.parquet");
  });

  it("keeps what has come when it is interrupted", async () => {
    const stop = new AbortController();
    handler = (_, response) => {
      response.writeHead(200, { "content-length": body.length, etag: '"one"' });
      response.write(body.subarray(0, 9000));
    };
    const path = join(place.folder, "a/file.jsonl");
    const onProgress = (done: number): void => {
      if (done >= 9000) stop.abort();
    };
    expect(await fetchFile({ url }, path, { fetch, signal: stop.signal, onProgress })).toBe(false);
    expect((await stat(join(place.folder, "a", partialName()))).size).toBe(9000);
    handler = serve();
    await run(`--sha256 ${sha256}`);
    expect(ranges).toEqual([undefined, "bytes=9000-"]);
    expect(await file()).toEqual(body);
  });

  it("trusts no server: endless, packed, stalled, a page, a redirect to where anybody listens", async () => {
    const onProgress = (): void => {};
    const { signal } = new AbortController();
    await mkdir(join(place.folder, "b"));
    const get = (handle: Handler, most = 1e5, idle = 60_000) => {
      handler = handle;
      const path = join(place.folder, "b/file.jsonl");
      return fetchFile({ url, most }, path, { fetch, signal, onProgress, idle });
    };
    const endless: Handler = (_, response) => Readable.from(Array(100).fill(body)).pipe(response);
    await expect(get(endless)).rejects.toThrow("expected at most 100000 bytes, got more");
    await expect(get(serve(), 100)).rejects.toThrow(
      `expected at most 100 bytes, got ${body.length}`,
    );
    expect(await readdir(join(place.folder, "b"))).toEqual([]);
    const packed: Handler = (_, response) =>
      response.writeHead(200, { "content-encoding": "gzip" }).end("x");
    await expect(get(packed)).rejects.toThrow("expected the file as it is, got it packed");
    const silent: Handler = (_, response) =>
      response.writeHead(200, { etag: '"a"' }).flushHeaders();
    await expect(get(silent, 1e5, 200)).rejects.toThrow("nothing came for 0.2 seconds");
    const away: typeof fetch = async () =>
      new Response(null, { status: 302, headers: { location: "http://a.test/x" } });
    handler = serve();
    const secured = { url: "https://b.test/x" };
    const options = { fetch: away, signal, onProgress };
    await expect(fetchFile(secured, join(place.folder, "b/c"), options)).rejects.toThrow(
      'expected a redirect to https, got one to "http://a.test/x"',
    );
    handler = (request, response) =>
      request.url?.endsWith("/there")
        ? serve()(request, response, 1)
        : response.writeHead(302, { location: "/there" }).end();
    expect(await get(handler)).toBe(true);
    const page = Buffer.from("<!doctype html><title>Log in</title>");
    handler = serve({ content: page });
    await expect(run()).rejects.toThrow("expected rows, got none that can be used; it is kept as");
    expect(await folder()).toEqual(["file.jsonl.refused"]);
  });

  it("refuses a file that is no such benchmark's", async () => {
    handler = serve({ content: Buffer.from([0xff, 0xfe, 1, 2]) });
    await expect(run()).rejects.toThrow("expected");
  });

  it.each([
    ["", "download: expected one of medcalc, ifeval"],
    ["igsm", "download: expected one of medcalc, ifeval, got igsm"],
    ["toString", "download: expected one of medcalc, ifeval, got toString"],
    ["ifeval --sha256 12", "--sha256: expected 64 hexadecimal digits, got 12"],
    ["medcalc --release v3", "--release: expected one of v1.0, v1.2, got v3"],
  ])("refuses %s", async (args, message) => {
    const refused = place.run(download, args);
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(message);
  });
});

describe("data --download", () => {
  it("fetches the file where it is not there, then reads it", async () => {
    const header =
      "Calculator ID,Patient Note,Question,Ground Truth Answer,Lower Limit,Upper Limit";
    const csv = Buffer.from(`${header}\n5,a,b,85.5,80,90\n`);
    handler = serve({ content: csv });
    const asked: string[] = [];
    const near: typeof fetch = (from, options) => {
      asked.push(`${from}`);
      return fetch(url, options);
    };
    const args = "medcalc --download --release v1.2";
    const first = await place.run(data, args, { fetch: near });
    expect(parseRows(first.out)).toMatchObject([{ calculator_id: 5, ground_truth: "85.5" }]);
    expect(asked).toEqual([
      "https://huggingface.co/datasets/ncbi/MedCalc-Bench-v1.2/resolve/main/test_data_11_18_final.csv",
    ]);
    const second = await place.run(data, args);
    expect(second.out).toBe(first.out);
    expect(second.err).toContain("there already");
  });
});
