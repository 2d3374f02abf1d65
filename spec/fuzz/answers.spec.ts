import { describe, expect, it } from "vitest";
import { mlflow } from "../../src/logs/mlflow.ts";
import { trackerOf } from "../../src/logs/open.ts";
import { readQueueUrl } from "../../src/queue/address.ts";
import { bytesOf } from "../../src/store/bytes.ts";
import { readS3Credentials, readS3Url } from "../../src/store/s3/address.ts";
import { s3Client } from "../../src/store/s3/client.ts";
import { s3Store } from "../../src/store/s3Store.ts";
import { isKey } from "../../src/store/store.ts";
import { DataError } from "../../src/tensor/errors.ts";
import { createHubClient } from "../../src/weights/hub/client.ts";
import { FetchError } from "../../src/weights/hub/fetchFile.ts";
import { hubLocation } from "../../src/weights/hub/location.ts";
import { attack, mutants, mutateJson, mutateText } from "./mutants.ts";

type Roll = (n: number) => number;

/** What a server sends back. */
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Whether the line breaks behind it. */
  readonly breaks: boolean;
}

const statuses = [200, 200, 200, 200, 200, 200, 206, 301, 302, 307, 401, 403, 404, 416, 500];

/** Characters that no header can hold are refused by whoever sends it. */
const plain = (text: string): string => text.replace(/[^\x20-\x7e]/g, "?");

function answerLike(body: string, headers: Readonly<Record<string, string>>, roll: Roll): Answer {
  const change = (text: string): string =>
    roll(2) === 0 || !text.startsWith("{")
      ? mutateText(text, roll)
      : (JSON.stringify(mutateJson(JSON.parse(text), roll)) ?? "");
  const sent = Object.entries(headers).flatMap(([name, value]): [string, string][] => {
    if (roll(8) === 0) return [];
    return [[name, roll(3) === 0 ? plain(mutateText(value, roll)) : value]];
  });
  return {
    status: statuses[roll(statuses.length)] ?? 200,
    headers: Object.fromEntries(sent),
    body: roll(4) === 0 ? body : change(body),
    breaks: roll(10) === 0,
  };
}

function responseOf({ status, headers, body, breaks }: Answer): Response {
  const start = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    controller.enqueue(new TextEncoder().encode(body));
    if (breaks) controller.error(new TypeError("terminated"));
    else controller.close();
  };
  return new Response(new ReadableStream({ start }), { status, headers });
}

/** Gives the answers one after the other, the last again and again. */
function serverOf(answers: readonly Answer[]): typeof fetch {
  let next = 0;
  return async () => {
    const answer = answers[Math.min(next++, answers.length - 1)];
    if (answer === undefined) throw new TypeError("fetch failed");
    return responseOf(answer);
  };
}

/** What a server did is no fault of ours. */
async function orRefused<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof FetchError) throw new DataError(error.message);
    throw error;
  }
}

const commit = "0123456789abcdef0123456789abcdef01234567";
const { signal } = new AbortController();
const location = { endpoint: "https://hub", cache: "c", token: "secret", offline: false };

describe("the Hub's answers", () => {
  it("list files below a folder, or are refused", async () => {
    const listed = JSON.stringify({
      ...{ id: "a/b", sha: commit },
      siblings: [{ rfilename: "config.json" }, { rfilename: "sub/a.safetensors" }],
    });
    const { fault, accepted } = await attack(
      mutants(1500),
      (roll) => answerLike(listed, { "x-error-code": "GatedRepo" }, roll),
      (answer) =>
        orRefused(async () => {
          const client = createHubClient(location, serverOf([answer]), signal);
          const { commit: found, files } = await client.list("a/b", "main");
          return /^[\da-f]{40}$/.test(found) && files.every((one) => !/^\/|\.\.|\\|^$/.test(one));
        }),
    );
    expect(fault).toBeUndefined();
    expect(accepted).toBeGreaterThan(0);
  });

  it("say of a file what names a file of the cache, or are refused", async () => {
    const headers = {
      ...{ etag: '"abc-1"', "x-linked-etag": `"${"0f".repeat(32)}"`, "x-linked-size": "12" },
      ...{ location: "/a/b/resolve/main/config.json", "content-length": "12" },
    };
    const { fault, accepted } = await attack(
      mutants(1500),
      (roll) => [answerLike("", headers, roll), answerLike("", headers, roll)],
      (answers) =>
        orRefused(async () => {
          const client = createHubClient(location, serverOf(answers), signal);
          const { url, etag, size } = await client.look("a/b", commit, "config.json");
          const isOurs = new URL(url).origin === "https://hub";
          return isOurs && /^[\w-]+$/.test(etag) && (size === undefined || Number.isInteger(size));
        }),
    );
    expect(fault).toBeUndefined();
    expect(accepted).toBeGreaterThan(0);
  });
});

describe("an MLflow server's answers", () => {
  const created = JSON.stringify({ experiment_id: "1", run: { info: { run_id: "abc" } } });
  const exists = JSON.stringify({ error_code: "RESOURCE_ALREADY_EXISTS" });
  const found = JSON.stringify({ experiments: [{ experiment_id: "1" }] });

  it("begin a run, or are refused", async () => {
    const { fault, accepted } = await attack(
      mutants(1500),
      (roll) => {
        const taken = { ...answerLike(exists, {}, roll), status: 400 };
        const start = roll(2) === 0 ? [taken, answerLike(found, {}, roll)] : [];
        return [...start, ...[1, 2, 3].map(() => answerLike(created, {}, roll))];
      },
      async (answers) => {
        const tracker = mlflow("http://h", {}, serverOf(answers));
        const log = await tracker.begin({ group: "g", name: "n", settings: { a: 1 } });
        return typeof log.end === "function";
      },
    );
    expect(fault).toBeUndefined();
    expect(accepted).toBeGreaterThan(0);
  });
});

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

describe("addresses and variables of the environment", () => {
  const given = {
    ...{ AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret-one", AWS_REGION: "eu-west-1" },
    ...{ AWS_ENDPOINT_URL_S3: "https://host:9000", AWS_SESSION_TOKEN: "secret-two" },
    ...{ HF_ENDPOINT: "https://hub.example", HF_TOKEN: "secret-three", HF_HUB_OFFLINE: "1" },
    ...{ MLFLOW_TRACKING_TOKEN: "secret-four", TRACKIO_WRITE_TOKEN: "secret-five", HOME: "/h" },
  };
  const urls = [
    ...["redis://u:hidden@host:6379/2", "postgres://u:hidden@host/db?sslmode=on", "rediss://h"],
    ...["s3://bucket/prefix?endpoint=https://host:9000&region=auto&style=path", "s3://b-1/x/y"],
    ...[
      "mlflow=http://h:5000/x",
      "mlflow=https://u:hidden@h",
      "trackio=https://a.hf.space",
      "tensorboard=logs",
      "file:///a",
    ],
  ];

  it("are read, or refused without what is secret", async () => {
    const { fault, accepted } = await attack(
      mutants(3000),
      (roll) => {
        const url = urls[roll(urls.length)] ?? "";
        const env = Object.entries(given).map(([name, value]) => [
          ...[name, roll(3) === 0 ? mutateText(value, roll) : value],
        ]);
        return { text: mutateText(url, roll), env: Object.fromEntries(env) as typeof given };
      },
      async ({ text, env }) => {
        const readers: readonly (() => unknown)[] = [
          () => readQueueUrl(text).name,
          () => readS3Url(text, env).base,
          () => readS3Credentials(env).accessKeyId,
          () => typeof trackerOf(text, env),
          async () => (await hubLocation(env)).endpoint,
        ];
        // A mutant may have moved it to where nobody looks for a password.
        const address = text.replace(/^\w+=/, "");
        const isWhole = URL.canParse(address) && address.split("hidden").length === 2;
        const password = isWhole ? new URL(address).password : "";
        const isSecret = (said: string): boolean =>
          said.includes("secret-") || (/hidden/.test(password) && said.includes(password));
        let read = 0;
        for (const reader of readers)
          try {
            if (isSecret(`${await reader()}`)) return false;
            read++;
          } catch (error) {
            if (!(error instanceof DataError)) throw error;
            if (isSecret(error.message) || error.message.length > 1000) return false;
          }
        return read >= 0;
      },
    );
    expect(fault).toBeUndefined();
    expect(accepted).toBeGreaterThan(0);
  });
});
