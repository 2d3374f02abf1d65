import { isRecord } from "../json/isRecord.ts";
import { readJson } from "../json/readJson.ts";
import { DataError } from "../tensor/errors.ts";
import { bytesOf, collect, digestOf, verified } from "./bytes.ts";
import { Conflict, type Store } from "./store.ts";

/** What somebody who ran a job says of it; none of it decides the result. */
export interface Attempt {
  /** Of letters, digits, `.`, `_` and `-`; no other attempt at the job has it. */
  readonly id: string;
  /** Seconds, versions, … as JSON; `device` and `machine` are shown where results differ. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** An attempt that has ended, and the digest of what it came to. */
export interface EndedAttempt extends Attempt {
  readonly result: string;
}

/** Two attempts at one job came to different results. */
export class ResultConflict extends DataError {}

/** A text's first line is the digest of the rest, so that readers see what is damaged. */
const sealed = async (body: string): Promise<string> => `${await digestOf(bytesOf(body))}\n${body}`;

/** @throws DataError for a text whose first line is not its digest */
async function unsealed(text: string, name: string): Promise<string> {
  const [digest, body] = [text.slice(0, 64), text.slice(65)];
  await collect(verified(bytesOf(body), digest, name));
  return body;
}

const textOf = (value: unknown): string => `${JSON.stringify(value)}\n`;

/** @returns a record as it was put, with the digest of its bytes; undefined where there is none */
async function record(
  store: Store,
  key: string,
): Promise<{ readonly value: unknown; readonly digest: string } | undefined> {
  const stream = await store.get(key);
  if (!stream) return undefined;
  const bytes = await collect(stream);
  const name = `${store.name}: ${key}`;
  const body = await unsealed(new TextDecoder().decode(bytes), name);
  return { value: readJson(body, name), digest: await digestOf(bytesOf(bytes)) };
}

/** JSON that was put by @see putRecord. @throws DataError where it is damaged */
export const getRecord = async (store: Store, key: string): Promise<unknown> =>
  (await record(store, key))?.value;

/** Puts JSON, whose fields stand in the order in which they are. @throws Conflict */
export const putRecord = async (
  store: Store,
  key: string,
  value: unknown,
): Promise<"new" | "there"> => store.putOnce(key, bytesOf(await sealed(textOf(value))));

/** What a job measured, by its key; undefined where nobody has finished it. */
export const getResult = (store: Store, key: string): Promise<unknown> =>
  getRecord(store, `result/${key}`);

/**
 * Puts what a job measured, and who ran it. The attempt comes first, so that the store can always
 * tell whose a result is.
 * @throws ResultConflict that names both attempts where another one measured something else
 */
export async function putResult(
  store: Store,
  key: string,
  value: unknown,
  attempt: Attempt,
): Promise<"new" | "there"> {
  const text = await sealed(textOf(value));
  const digest = await digestOf(bytesOf(text));
  const { id, facts } = attempt;
  await putRecord(store, `attempt/${key}/${id}`, { result: digest, facts });
  try {
    return await store.putOnce(`result/${key}`, bytesOf(text));
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
    const first = (await attemptsOf(store, key)).find(({ result }) => result === error.kept);
    throw new ResultConflict(
      `${store.name}: result/${key}: expected what ${first ? shown(first) : "another attempt"} measured (SHA-256 ${error.kept}), got other numbers of ${shown(attempt)} (${digest}): two machines of one class differ, or a build has changed its numbers without a new version`,
    );
  }
}

const shown = ({ id, facts: { device, machine } }: Attempt): string => {
  const where = [device, machine].filter((text) => typeof text === "string").join("; ");
  return `attempt ${id}${where && ` (${where})`}`;
};

/** All attempts at a job that ended with a result. */
export async function attemptsOf(store: Store, key: string): Promise<EndedAttempt[]> {
  const found: EndedAttempt[] = [];
  for await (const name of store.list(`attempt/${key}/`)) {
    const value = await getRecord(store, name);
    if (!isRecord(value) || typeof value["result"] !== "string" || !isRecord(value["facts"]))
      throw new DataError(`${store.name}: ${name}: expected an attempt, got something else`);
    const id = name.slice(name.lastIndexOf("/") + 1);
    found.push({ id, result: value["result"], facts: value["facts"] });
  }
  return found;
}
