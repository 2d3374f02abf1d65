import type { EventEmitter } from "node:events";
import { createRequire } from "node:module";
import { setTimeout as wait } from "node:timers/promises";
import type { BackendFactory, IQueueBackend } from "bullmq";
import { DataError } from "../tensor/errors.ts";
import type { QueueAddress } from "./address.ts";

type Bullmq = typeof import("bullmq");

/** BullMQ, and what connects its parts to one server. */
export interface Connected {
  readonly bullmq: Bullmq;
  readonly address: QueueAddress;
  readonly factory: BackendFactory<IQueueBackend, QueueAddress>;
  /** Ends all connections, of which none is tried again; waits a moment at most. */
  end(...parts: readonly Part[]): Promise<void>;
}

/** What has connections of its own. */
interface Part {
  waitUntilReady(): Promise<unknown>;
  on(event: "error", hear: (error: Error) => void): unknown;
  close(): Promise<unknown>;
}

/** All keys or tables stand apart from those of other users of the server. */
const SPACE = "anchorgrad";
/** Longest pause between two tries to reach a server, ms. */
const PAUSE = 5000;

/** @throws DataError that says what to install */
export async function connect(address: QueueAddress): Promise<Connected> {
  const driver = address.backend === "redis" ? "ioredis" : "pg";
  const bullmq = await loaded(driver);
  let ended = false;
  const pauseAfter = (times: number): number | null =>
    ended ? null : Math.min(PAUSE, 100 * 2 ** Math.min(times, 10));
  const factory: Connected["factory"] = (name, { connection: _, ...opts }, options) =>
    address.backend === "redis"
      ? bullmq.createRedisBackend(name, { ...opts, ...redis(address, pauseAfter) }, options)
      : bullmq.createPostgresBackend(name, { ...opts, ...postgres(address) }, options);
  const end: Connected["end"] = async (...parts) => {
    ended = true;
    const closed = Promise.allSettled(parts.map((part) => part.close()));
    await Promise.race([closed, wait(FAREWELL, undefined, { ref: false })]);
  };
  return { bullmq, address, factory, end };
}

/** A server that is away is not waited for, ms, to say goodbye. */
const FAREWELL = 2000;

/** Commands wait for a server that is away; whoever must not wait has a lease that ends. */
const redis = ({ url }: QueueAddress, pauseAfter: (times: number) => number | null) => ({
  prefix: SPACE,
  connection: { url, maxRetriesPerRequest: null, retryStrategy: pauseAfter },
});

const postgres = ({ url }: QueueAddress) => ({
  connection: {
    ...{ connectionString: url, schema: SPACE, migrate: true },
    ...{ keepAlive: true, connectionTimeoutMillis: 10_000, Client: heardClient() },
  },
});

/**
 * A connection that listens to its own end: BullMQ listens to none while it looks after its tables, and an
 * error that nobody hears ends the process. What was asked of it is rejected all the same.
 */
function heardClient() {
  const { Client } = createRequire(import.meta.url)("pg") as {
    readonly Client: new (config?: unknown) => EventEmitter;
  };
  return class extends Client {
    constructor(config?: unknown) {
      super(config);
      this.on("error", () => {});
    }
  };
}

async function loaded(driver: "ioredis" | "pg"): Promise<Bullmq> {
  try {
    const bullmq = await import("bullmq");
    // BullMQ asks for it later, and then says less.
    createRequire(import.meta.url).resolve(driver);
    return bullmq;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND") throw error;
    throw new DataError(
      `queue: expected the packages bullmq and ${driver}, got none; npm install bullmq ${driver}`,
    );
  }
}

/** So long, ms, a server may need until it answers for the first time. */
const FIRST_ANSWER = 30_000;

/**
 * Makes what has connections, and waits until its server answers; one that has failed stays so, and
 * is made anew.
 * @throws DataError with what the driver said last when it does not answer
 */
export async function reach<T extends Part>(
  { address: { name }, end }: Connected,
  make: () => T,
  patience: number = FIRST_ANSWER,
): Promise<T> {
  const late = performance.now() + patience;
  for (;;) {
    const part = make();
    let last: unknown = new Error("no answer");
    part.on("error", (error) => {
      last = error;
    });
    const gaveUp = new AbortController();
    const timeout = wait(late - performance.now(), "late" as const, { signal: gaveUp.signal });
    timeout.catch(() => {});
    try {
      if ((await Promise.race([part.waitUntilReady(), timeout])) !== "late") return part;
    } catch (error) {
      last = error;
      if (isAway(error) && performance.now() < late) {
        await part.close().catch(() => {});
        await wait(AGAIN);
        continue;
      }
    } finally {
      gaveUp.abort();
    }
    await end(part);
    throw new DataError(`queue: ${name}: expected a server, got ${wordsOf(last)}`);
  }
}

/** Between two tries, ms. */
const AGAIN = 250;

/** Drivers say it in a message, a code, or a list of errors, one for each address. */
export function wordsOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return wordsOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.message || (error as NodeJS.ErrnoException).code || error.name;
}

const CODES =
  /^(ECONN\w+|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|57P0[1-3]|08\w{3}|53300)$/;
const WORDS =
  /connection (is closed|terminated|error|ended|timeout)|terminating connection|server closed|timeout exceeded when trying to connect|starting up|LOADING|CLUSTERDOWN|MASTERDOWN/i;

/** Whether the server was not there, rather than of another opinion. */
export function isAway(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isAway);
  if (!(error instanceof Error)) return false;
  return CODES.test((error as NodeJS.ErrnoException).code ?? "") || WORDS.test(error.message);
}

/** Whether what a server keeps is none of BullMQ's: a key of another kind, or a text that is cut short. */
export const isDamage = (error: unknown): boolean =>
  error instanceof SyntaxError || (error instanceof Error && /\bWRONGTYPE\b/.test(error.message));
