import { describe, expect, it } from "vitest";
import { mlflow } from "../../src/logs/mlflow.ts";
import { trackerOf } from "../../src/logs/open.ts";
import { trackio } from "../../src/logs/trackio.ts";
import { readQueueUrl } from "../../src/queue/address.ts";
import { readS3Credentials, readS3Url } from "../../src/store/s3/address.ts";
import { DataError } from "../../src/tensor/errors.ts";
import { createHubClient } from "../../src/weights/hub/client.ts";
import { FetchError } from "../../src/weights/hub/fetchFile.ts";
import { hubLocation } from "../../src/weights/hub/location.ts";
import { answerLike, serverOf } from "./answers.ts";
import { attack, mutants, mutateText } from "./mutants.ts";

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

describe("a Trackio server's answers", () => {
  it("take a run and its numbers, or are refused", async () => {
    const { fault, accepted } = await attack(
      mutants(500),
      (roll) => [1, 2].map(() => answerLike(JSON.stringify({ data: [null] }), {}, roll)),
      async (answers) => {
        const tracker = trackio("http://h", {}, serverOf(answers));
        const log = await tracker.begin({ group: "g", name: "n", settings: { a: 1 } });
        await log.log(1, { loss: 1 });
        return true;
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
