import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { constant } from "../../../src/tensor/apply.ts";
import { openWeights } from "../../../src/weights/openWeights.ts";
import { encodeSafetensors, readSafetensors } from "../../../src/weights/safetensors.ts";
import { filesAtUrl } from "../../../src/weights/web/filesAtUrl.ts";
import { type DirectoryLike, filesIn } from "../../../src/weights/web/filesIn.ts";
import { urlReader } from "../../../src/weights/web/urlReader.ts";

const data = Float32Array.from({ length: 300 }, (_, i) => i);
const weights = encodeSafetensors({ tensors: { w: constant(data, [30, 10]) }, metadata: {} });
const files: Readonly<Record<string, Uint8Array>> = {
  "/m/config.json": new TextEncoder().encode("{}"),
  "/m/model.safetensors": weights,
  "/m/empty": new Uint8Array(0),
};

/** How the server misbehaves. */
let fault: "none" | "no ranges" | "changes" | "cuts once" | "cuts" | "fails" | "huge" = "none";
let asked: (string | undefined)[] = [];
let requests = 0;

const server = createServer((request, response) => {
  const body = files[request.url ?? ""];
  requests++;
  if (!body) return response.writeHead(404).end();
  const [, first = "", last = ""] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
  asked.push(request.headers.range);
  const from = Number(first);
  if (fault === "fails" && last !== "0") return response.writeHead(503).end();
  if (fault === "huge") return response.writeHead(200, { "content-length": 2 ** 33 }).end();
  if (fault === "no ranges") return response.writeHead(200).end(body);
  if (from >= body.length)
    return response.writeHead(416, { "content-range": `bytes */${body.length}` }).end();
  const part = body.subarray(from, Number(last) + 1);
  response.writeHead(206, {
    "content-range": `bytes ${from}-${from + part.length - 1}/${body.length}`,
    "content-length": part.length,
    etag: fault === "changes" ? `"${requests}"` : '"one"',
  });
  const cuts = fault === "cuts" || (fault === "cuts once" && requests % 2 === 0);
  if (!cuts || last === "0") return response.end(part);
  response.write(part.subarray(0, 1));
  return setTimeout(() => response.destroy(), 5);
});

let base = "";
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

const opened = async (path: string, how: typeof fault = "none") => {
  fault = how;
  [asked, requests] = [[], 0];
  return urlReader(`${base}${path}`);
};

describe("a file behind a URL", () => {
  test("is read by ranges, and only what is asked for", async () => {
    const file = await opened("/m/model.safetensors");
    expect(file?.size).toBe(weights.length);
    expect([...((await file?.read(5, 7)) ?? [])]).toEqual([...weights.subarray(5, 12)]);
    expect(asked).toEqual(["bytes=0-0", "bytes=5-11"]);
    expect((await file?.read(weights.length - 2, 9))?.length).toBe(2);
    expect((await file?.read(weights.length, 9))?.length).toBe(0);
  });

  test("is none where the server has none, and may be empty", async () => {
    expect(await opened("/m/nothing")).toBeUndefined();
    expect((await opened("/m/empty"))?.size).toBe(0);
  });

  test("is read as a whole from a server without ranges, unless it is large", async () => {
    const file = await opened("/m/model.safetensors", "no ranges");
    expect([...((await file?.read(5, 7)) ?? [])]).toEqual([...weights.subarray(5, 12)]);
    expect(requests).toBe(1);
    await expect(opened("/m/model.safetensors", "huge")).rejects.toThrow(
      "model.safetensors: expected a file that can be read by ranges (status 206), got 200",
    );
  });

  test("that changes is refused; a cut connection is tried again, three times", async () => {
    const changing = await opened("/m/model.safetensors", "changes");
    await expect(changing?.read(0, 8)).rejects.toThrow("expected the file that was opened");
    const once = await opened("/m/model.safetensors", "cuts once");
    expect([...((await once?.read(0, 8)) ?? [])]).toEqual([...weights.subarray(0, 8)]);
    const cut = await opened("/m/model.safetensors", "cuts");
    await expect(cut?.read(0, 8)).rejects.toThrow();
    expect(requests).toBe(4);
    const failing = await opened("/m/model.safetensors", "fails");
    await expect(failing?.read(0, 8)).rejects.toThrow("(status 206), got 503");
  });

  test("is a source like a path", async () => {
    fault = "none";
    const { tensors } = await readSafetensors(new URL(`${base}/m/model.safetensors`));
    expect(tensors["w"]?.data).toEqual(data);
    await expect(readSafetensors(new URL(`${base}/m/no`))).rejects.toThrow(
      "expected a file, got none",
    );
  });
});

describe("a model's folder", () => {
  test("behind a URL has those of the usual files that the server has", async () => {
    fault = "none";
    const folder = await filesAtUrl(`${base}/m/`);
    expect(folder.names).toEqual(["config.json", "model.safetensors"]);
    const file = await openWeights(folder);
    expect((await file.read("w", [3, 5])).data).toEqual(data.slice(30, 50));
    await expect(filesAtUrl(`${base}/other`)).rejects.toThrow("got none of its files there");
  });

  test.each([404, 410, 403, 500, 206])(
    "whose line breaks behind status %i is none, or is refused",
    async (status) => {
      const start = (controller: ReadableStreamDefaultController): void =>
        controller.error(new TypeError("terminated"));
      vi.spyOn(globalThis, "fetch").mockImplementation(
        async () => new Response(new ReadableStream({ start }), { status }),
      );
      try {
        const opened = urlReader("http://h/w");
        if (status === 404 || status === 410) expect(await opened).toBeUndefined();
        else await expect(opened).rejects.toThrow(/^http:\/\/h\/w: expected /);
      } finally {
        vi.restoreAllMocks();
      }
    },
  );

  test("of a page's file system", async () => {
    const directory: DirectoryLike = {
      name: "smol",
      async *entries() {
        yield ["model.safetensors", { getFile: async () => new Blob([weights.slice()]) }];
        const below = { getFile: async () => new Blob(["x"]) };
        yield [
          "additional_chat_templates",
          {
            name: "additional_chat_templates",
            async *entries() {
              yield ["rag.jinja", below];
            },
          },
        ];
      },
    };
    const folder = await filesIn(directory);
    expect(folder.names).toEqual(["model.safetensors", "additional_chat_templates/rag.jinja"]);
    const file = await openWeights(folder);
    expect((await file.read("w")).data).toEqual(data);
    expect(await folder.open("other")).toBeUndefined();
  });
});
