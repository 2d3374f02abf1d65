import { DataError } from "../tensor/errors.ts";

/** A queue's server. */
export interface QueueAddress {
  readonly backend: "redis" | "postgres";
  /** With its password, if any: for the driver and nobody else. */
  readonly url: string;
  /** For messages; without secrets. */
  readonly name: string;
  readonly hasSecret: boolean;
}

const BACKENDS: Readonly<Record<string, QueueAddress["backend"]>> = {
  "redis:": "redis",
  "rediss:": "redis",
  "postgres:": "postgres",
  "postgresql:": "postgres",
};

/** Parameters of PostgreSQL's URLs that hold secrets or name files that do. */
const SECRET = /pass|key|secret|token/i;

/**
 * Reads `redis://host:6379`, `rediss://…` for TLS, or `postgres://user@host/database`.
 * @throws DataError that does not repeat what may hold a password
 */
export function readQueueUrl(text: string): QueueAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const backend = url && BACKENDS[url.protocol];
  if (!url || !backend || url.hostname === "") {
    const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(text)?.[0] ?? "no URL";
    throw new DataError(
      `queue: expected redis://host, rediss://host or postgres://host/database, got ${scheme}`,
    );
  }
  const secretParameter = [...url.searchParams.keys()].some((name) => SECRET.test(name));
  return {
    ...{ backend, url: text, hasSecret: url.password !== "" || secretParameter },
    name: `${url.protocol}//${url.host}${url.pathname === "/" ? "" : url.pathname}`,
  };
}

/** What a place must have to run the jobs of a queue: `anchorgrad-wasm-fma-1-cpu`. */
export const queueName = (numerics: string, gpu: boolean): string =>
  `anchorgrad-${numerics}-${gpu ? "gpu" : "cpu"}`;
