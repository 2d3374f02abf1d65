import { describe, expect, it } from "vitest";
import { bytesOf } from "../../src/store/bytes.ts";
import { readS3Url } from "../../src/store/s3/address.ts";
import { s3Client } from "../../src/store/s3/client.ts";
import { s3Store } from "../../src/store/s3Store.ts";
import { isKey } from "../../src/store/store.ts";
import { type Answer, answerLike, responseOf, serverOf } from "./answers.ts";
import { attack, mutants } from "./mutants.ts";

describe("a bucket's answers", () => {
  const page = (token: string): string =>
    `<ListBucketResult><Contents><Key>p/attempt/k/a-1</Key></Contents><Contents><Key>p/attempt/k/b</Key></Contents>${token}</ListBucketResult>`;
  const address = readS3Url("s3://bucket/p?endpoint=https://h", {});
  const credentials = { accessKeyId: "a", secretAccessKey: "b" };
  const storeWith = async (answers: readonly Answer[]) => storeAt(serverOf(answers));
  const storeAt = async (fetch: typeof globalThis.fetch) =>
    s3Store(await s3Client({ address, credentials, fetch, tries: 1 }), { part: 4, listParts: 20 });

  it("list keys below what was asked, come to an end, or are refused", async () => {
    const more = "<NextContinuationToken>t</NextContinuationToken>";
    const { fault, accepted } = await attack(
      mutants(600),
      (roll) => [answerLike(page(more), {}, roll), answerLike(page(roll(2) ? more : ""), {}, roll)],
      async (answers) => {
        const keys: string[] = [];
        for await (const key of (await storeWith(answers)).list("attempt/k/")) keys.push(key);
        return keys.every((key) => isKey(key) && key.startsWith("attempt/k/"));
      },
    );
    expect(fault).toBeUndefined();
    expect(accepted).toBeGreaterThan(0);
  });

  it("that never end, or that repeat themselves, are refused", async () => {
    const token = (text: string) => `<NextContinuationToken>${text}</NextContinuationToken>`;
    const list = async (body: string): Promise<number> => {
      const store = await storeWith([{ status: 200, headers: {}, body, breaks: false }]);
      let count = 0;
      for await (const _ of store.list("attempt/k/")) count++;
      return count;
    };
    await expect(list(page(token("t")))).rejects.toThrow(
      "expected the rest of a list, got a part of it again",
    );
    expect(await list(page(token("")))).toBe(2);
  });

  it("that name parts in a circle, or new ones for ever, are refused", async () => {
    const list = async (tokenOf: (count: number) => number): Promise<number> => {
      let asked = 0;
      const store = await storeAt(async () => {
        const token = tokenOf(asked++);
        return new Response(page(`<NextContinuationToken>t${token}</NextContinuationToken>`));
      });
      let keys = 0;
      for await (const _ of store.list("attempt/k/")) keys++;
      return keys;
    };
    await expect(list((count) => count % 3)).rejects.toThrow(
      /^s3:\/\/bucket\/p: expected the rest of a list, got a part of it again$/,
    );
    await expect(list((count) => count)).rejects.toThrow(
      /^s3:\/\/bucket\/p: expected a list of at most 20 parts, got more$/,
    );
  });

  it("that take no object with or without a condition are refused", async () => {
    const store = await storeAt(
      async (_, init) => new Response(null, { status: init?.method === "HEAD" ? 404 : 501 }),
    );
    await expect(store.putOnce("result/k", bytesOf("abc"))).rejects.toThrow(
      "s3://bucket/p/result/k: expected it to be written, got status 501, 600 times",
    );
  });

  it("to an upload end it, or are refused", async () => {
    const begun = "<R><UploadId>u</UploadId></R>";
    const { fault, accepted } = await attack(
      mutants(300),
      (roll) => ({
        post: answerLike(roll(2) ? begun : "<R><Code>InternalError</Code></R>", {}, roll),
        put: answerLike("", { etag: '"a"' }, roll),
        kept: roll(3) === 0,
      }),
      async ({ post, put, kept }) => {
        const store = await storeAt(async (_, init) => {
          if (init?.method === "HEAD") return new Response(null, { status: kept ? 200 : 404 });
          if (init?.method === "GET") return new Response("nine bytes");
          return responseOf(init?.method === "POST" ? post : put);
        });
        return /^(new|there)$/.test(await store.putOnce("result/k", bytesOf("nine bytes")));
      },
    );
    expect(fault).toBeUndefined();
    expect(accepted).toBeGreaterThan(0);
  });
});
