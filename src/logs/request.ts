import { DataError } from "../tensor/errors.ts";

/** Milliseconds that a tracker may take to answer. */
const PATIENCE = 10_000;

/** Posts JSON and reads JSON. @throws DataError naming the address and what it answered */
export async function post(
  address: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): Promise<unknown> {
  const response = await fetch(address, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE),
  }).catch((error: Error) => {
    throw new DataError(`${address}: no answer (${reasonOf(error)})`);
  });
  const text = await response.text();
  if (!response.ok) throw new Refused(address, response.status, text);
  try {
    return text === "" ? {} : (JSON.parse(text) as unknown);
  } catch {
    throw new DataError(`${address}: expected JSON, got ${JSON.stringify(text.slice(0, 80))}`);
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
