import { isRecord } from "../json/isRecord.ts";
import { DataError } from "../tensor/errors.ts";

/** Milliseconds that a tracker may take to answer. */
const PATIENCE = 10_000;

/** Posts JSON and reads an object of JSON. @throws DataError naming the address and what it answered */
export async function post(
  address: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
  fetch: typeof globalThis.fetch = globalThis.fetch,
): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(address, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE),
  }).catch((error: Error) => {
    throw new DataError(`${address}: no answer (${reasonOf(error)})`);
  });
  const text = await response.text().catch((error: Error) => {
    throw new DataError(`${address}: an answer that broke off (${reasonOf(error)})`);
  });
  if (!response.ok) throw new Refused(address, response.status, text);
  const answer = text === "" ? {} : parsed(text);
  if (isRecord(answer)) return answer;
  throw new DataError(
    `${address}: expected an object of JSON, got ${JSON.stringify(text.slice(0, 80))}`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A tracker that answered with an error. */
export class Refused extends DataError {
  readonly status: number;
  readonly text: string;
  constructor(address: string, status: number, text: string) {
    super(`${address}: refused with status ${status}: ${text.slice(0, 200)}`);
    this.status = status;
    this.text = text;
  }
}

const reasonOf = ({ message, cause }: Error): string =>
  cause instanceof Error ? cause.message : message;
