import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fromMirror } from "../../../src/pretrain/texts/mirror.ts";
import { DataError } from "../../../src/tensor/errors.ts";

const digest = (bytes: Uint8Array | string): string =>
  createHash("sha256").update(bytes).digest("hex");

const deb = randomBytes(200_000);
const POOL = "pool/main/r/river/river_2.3-1_all.deb";
const INDEX = "dists/bookworm/main/binary-all";

/** What the mirror has, by path. */
let files: Map<string, Uint8Array>;
/** Requests, with the range that was asked for. */
let asked: string[];
/** Files that break off after so many bytes, once. */
let cuts: Map<string, number>;

function publish(stanza: string, release = "Acquire-By-Hash: yes\n"): void {
  const packages = gzipSync(stanza);
  const line = ` ${digest(packages)} ${packages.length} main/binary-all/Packages.gz`;
  files = new Map<string, Uint8Array>([
    [`${INDEX}/by-hash/SHA256/${digest(packages)}`, packages],
    [`${INDEX}/Packages.gz`, packages],
    [POOL, deb],
    [
      "dists/bookworm/Release",
      Buffer.from(`Origin: Debian\n${release}SHA256:\n ${"0".repeat(64)} 1 main/x\n${line}\n`),
    ],
  ]);
}

const stanzaOf = (fields: Readonly<Record<string, string | number>> = {}): string =>
  Object.entries({
    ...{ Package: "river", Version: "2.3-1", Architecture: "all" },
    ...{ Description: "long\n Size: 12\n .\n more" },
    ...{ Filename: POOL, Size: deb.length, SHA256: digest(deb) },
    ...fields,
  })
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");

let server: Server;
let address: string;
let folder: string;
beforeAll(async () => {
  server = createServer((request, response) => {
    const path = (request.url ?? "").slice(1);
    const { range } = request.headers;
    asked.push(range === undefined ? path : `${path} ${range}`);
    const bytes = files.get(path);
    if (!bytes) {
      response.writeHead(404).end();
      return;
    }
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
    response.writeHead(range === undefined ? 200 : 206, {
      etag: `"${digest(bytes)}"`,
      "content-length": bytes.length - from,
      ...(range !== undefined && {
        "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
      }),
    });
    const cut = cuts.get(path);
    cuts.delete(path);
    if (cut === undefined) response.end(bytes.subarray(from));
    else response.write(bytes.subarray(from, cut), () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mirror-"));
  [asked, cuts] = [[], new Map()];
  publish(`${stanzaOf({ Package: "other" })}\n\n${stanzaOf()}\n`);
  return () => rmSync(folder, { recursive: true, force: true });
});

const { signal } = new AbortController();
const take = (name = "river", root = address) =>
  fromMirror(root, { fetch: globalThis.fetch, signal })(name, folder);
const debs = (): string[] => readdirSync(folder).filter((name) => name.includes(".deb"));

describe("fromMirror(address)", () => {
  it("fetches a package by the sums of the release's lists", async () => {
    await take("river", `${address}/`);
    expect(readFileSync(join(folder, "river_2.3-1_all.deb")).equals(deb)).toBe(true);
    expect(asked).toEqual([
      "dists/bookworm/Release",
      expect.stringMatching(/^dists\/bookworm\/main\/binary-all\/by-hash\/SHA256\/[\da-f]{64}$/),
      POOL,
    ]);
  });

  it("asks for the lists once, and by name where there are no sums to ask by", async () => {
    publish(`${stanzaOf()}\n\n${stanzaOf({ Package: "lake" })}\n`, "");
    const fetchInto = fromMirror(address, { fetch: globalThis.fetch, signal });
    await fetchInto("river", folder);
    await fetchInto("lake", folder);
    expect(asked).toEqual(["dists/bookworm/Release", `${INDEX}/Packages.gz`, POOL, POOL]);
  });

  it("goes on where the connection broke off", async () => {
    cuts.set(POOL, 70_000);
    await take();
    expect(readFileSync(join(folder, "river_2.3-1_all.deb")).equals(deb)).toBe(true);
    expect(asked.at(-1)).toMatch(/river_2\.3-1_all\.deb bytes=\d+-$/);
  });

  it("takes nothing that is not what the lists say, and leaves none of it", async () => {
    files.set(POOL, randomBytes(deb.length));
    await expect(take()).rejects.toThrow(`${POOL}: expected the SHA-256 ${digest(deb)}, got`);
    expect(debs()).toEqual([]);
    const [, index = ""] = asked;
    files.set(index, gzipSync("Package: river\n"));
    await expect(take()).rejects.toThrow(/by-hash\/SHA256\/[\da-f]{64}: expected/);
    expect(debs()).toEqual([]);
  });

  it("refuses an index that is none, or larger than any", async () => {
    const taken = (index: Buffer): Promise<void> => {
      const line = ` ${digest(index)} ${index.length} main/binary-all/Packages.gz`;
      files.set("dists/bookworm/Release", Buffer.from(`SHA256:\n${line}\n`));
      files.set(`${INDEX}/Packages.gz`, index);
      return take();
    };
    await expect(taken(Buffer.from("no gzip"))).rejects.toThrow(DataError);
    await expect(taken(Buffer.from("no gzip"))).rejects.toThrow(
      "main/binary-all/Packages.gz: expected at most 134217728 bytes packed by gzip, got others",
    );
    const zeros = gzipSync(Buffer.alloc(2 ** 20));
    await expect(taken(Buffer.concat(Array(129).fill(zeros)))).rejects.toThrow(
      "bytes packed by gzip, got others",
    );
  });

  it("says what is missing", async () => {
    await expect(take("sea")).rejects.toThrow("expected the package sea in bookworm, got none");
    files.delete(POOL);
    await expect(take()).rejects.toThrow(`${POOL}: expected status 200, got 404`);
    files.set("dists/bookworm/Release", Buffer.from("Origin: Debian\n"));
    await expect(take()).rejects.toThrow(
      "Release: expected the SHA-256 of main/binary-all/Packages.gz, got none",
    );
    files.clear();
    await expect(take()).rejects.toThrow("Release: expected status 200, got 404");
    await expect(take("river", "http://127.0.0.1:1")).rejects.toThrow("no connection");
  });

  it.each([
    ["a path that leads elsewhere", { Filename: "pool/../../etc/x.deb" }],
    ["no sum", { SHA256: "" }],
    ["no size", { Size: "many" }],
    ["another kind of file", { Filename: "pool/main/x.sh" }],
  ])("refuses an index with %s", async (_, fields) => {
    publish(`${stanzaOf(fields)}\n`);
    await expect(take()).rejects.toThrow(
      "expected a file, its size and its SHA-256 for the package river, got",
    );
    expect(debs()).toEqual([]);
  });
});
