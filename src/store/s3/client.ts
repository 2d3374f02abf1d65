import { createHash } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { DataError } from "../../tensor/errors.ts";
import { Unreachable } from "../store.ts";
import type { S3Address, S3Credentials } from "./address.ts";

/** What is asked of a bucket. */
export interface S3Request {
  readonly method: "GET" | "PUT" | "POST" | "HEAD" | "DELETE";
  /** Under the address's prefix; absent for the bucket itself. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  /** Statuses that are an answer, beside those of success. */
  readonly also?: readonly number[];
}

export interface S3Client {
  readonly address: S3Address;
  /** @throws DataError that says what the server said, Unreachable when trying again did not help */
  send(request: S3Request): Promise<Response>;
}

export interface S3Options {
  readonly address: S3Address;
  readonly credentials: S3Credentials;
  readonly fetch?: typeof globalThis.fetch;
  /** Milliseconds before the second try; twice as many before each further one. */
  readonly patience?: number;
  readonly tries?: number;
}

/** About forty seconds in all. */
const TRIES = 12;
const PATIENCE = 100;
const LONGEST = 10_000;
/** A server that says nothing for so long, ms, beside the time that the body takes, has gone. */
const SILENCE = 60_000;
/** The slowest line that is waited for, bytes a millisecond. */
const SLOWEST = 20;

/** Worth another try: overloaded, restarting, or a connection that was slow. */
const isPassing = (status: number, text: string): boolean =>
  status === 429 || status >= 500 || /<Code>(RequestTimeout|SlowDown)<\/Code>/.test(text);

/** Signs and sends requests, and sends them again where the line or the server failed. */
export async function s3Client(options: S3Options): Promise<S3Client> {
  const { address, credentials, fetch = globalThis.fetch } = options;
  const { patience = PATIENCE, tries: most = TRIES } = options;
  const { AwsV4Signer } = await signer();
  const once = async ({ method, key, query, headers, body }: S3Request): Promise<Response> => {
    const signed = await new AwsV4Signer({
      ...credentials,
      ...{ method, service: "s3", region: address.region },
      url: urlOf(address, key, query),
      // The server then sees itself what the line has damaged.
      headers: { ...headers, "x-amz-content-sha256": sha256(body ?? new Uint8Array()) },
    }).sign();
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), SILENCE + (body?.length ?? 0) / SLOWEST);
    try {
      return await fetch(signed.url, {
        ...{ method, headers: signed.headers, signal: late.signal },
        ...(body && { body }),
      });
    } finally {
      clearTimeout(timer);
    }
  };
  const send = async (request: S3Request): Promise<Response> => {
    const what = `${request.method} ${address.name}${request.key ? `/${request.key}` : ""}`;
    for (let tries = 1; ; tries++) {
      let problem: string;
      try {
        const response = await once(request);
        if (response.ok || request.also?.includes(response.status)) return response;
        const text = await response.text();
        problem = `${response.status} ${messageIn(text)}`.trim();
        if (!isPassing(response.status, text)) throw refusal(what, problem);
      } catch (error) {
        if (error instanceof DataError) throw error;
        problem = reasonOf(error);
      }
      if (tries === most)
        throw new Unreachable(`${what}: expected an answer, got ${problem}, ${most} times`);
      const longest = Math.min(LONGEST, patience * 2 ** (tries - 1));
      // Many workers that lost one server do not come back at one moment.
      await wait(longest * (0.5 + Math.random() / 2));
    }
  };
  return { address, send };
}

/** What a server has answered. @throws Unreachable where the line broke meanwhile */
export const textOf = ({ address: { name } }: S3Client, response: Response): Promise<string> =>
  response.text().catch((error: unknown) => {
    throw new Unreachable(
      `${name}: expected an answer, got one that broke off (${reasonOf(error)})`,
    );
  });

/** @throws DataError that says what to install */
async function signer(): Promise<typeof import("aws4fetch")> {
  try {
    return await import("aws4fetch");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new DataError(
      "store: expected the package aws4fetch for s3:// stores, got none; npm install aws4fetch",
    );
  }
}

function urlOf({ base, prefix }: S3Address, key?: string, query?: S3Request["query"]): string {
  const path = key === undefined ? "" : `${prefix}${key}`;
  const url = new URL(`${base}/${path.split("/").map(encodeURIComponent).join("/")}`);
  for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
  return url.href;
}

const refusal = (what: string, problem: string): DataError =>
  new DataError(`${what}: expected success, got ${problem}`);

/** `NoSuchBucket: The specified bucket does not exist` */
function messageIn(xml: string): string {
  const field = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return [field("Code"), field("Message")].filter(Boolean).join(": ").slice(0, 300);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return `${error}`;
  if (error.name === "AbortError") return "no answer in time";
  return error.cause instanceof Error ? error.cause.message : error.message;
}

export const sha256 = (bytes: Uint8Array): string =>
  createHash("sha256").update(bytes).digest("hex");
