import type { TokenView } from "../../experiment/measurements.ts";
import type { Run } from "../runs/run.ts";
import type { Storage } from "../runs/storage.ts";
import { createClient } from "./client.ts";
import { type Moment, momentsOf, type Source, wholeOf } from "./moments.ts";
import type { Choice, Compared, Group, Seen, TokenChoice } from "./protocol.ts";

/** Sees to it that the worker has what a question is about. */
export interface Desk {
  /** The examples of a run's study. */
  study(run: Run): Promise<readonly Group[]>;
  /** The moments of a run whose models are there, the newest last. */
  moments(run: Run): Promise<readonly Moment[]>;
  see(run: Run, moment: Moment, choice: Choice): Promise<Seen>;
  find(token: TokenView): Promise<TokenChoice | undefined>;
}

/** @param read reads a file from where runs are kept */
export function createDesk(read: Storage["read"]): Desk {
  const client = createClient();
  let open = "";
  let groups: readonly Group[] = [];
  /** Files whose weights the worker has, and the version of the student. */
  const sent = new Set<string>();
  let version = 0;

  async function send(run: Run, source: Source): Promise<string | undefined> {
    if ("version" in source) {
      const { student } = run;
      if (student && student.version !== version) {
        version = student.version;
        await client.ask({ kind: "model", name: "student", weights: student.weights });
      }
      return "student";
    }
    const { path } = source;
    if (sent.has(path)) return path;
    const weights = await read(path);
    if (!weights) return undefined;
    await client.ask({ kind: "model", name: path, weights });
    sent.add(path);
    return path;
  }

  async function sendModels(run: Run, moment: Moment): Promise<Compared | undefined> {
    const { row, alpha } = moment;
    const snapshot = await send(run, moment.snapshot);
    const reference = moment.reference && (await send(run, moment.reference));
    const next = await send(run, moment.next);
    if (snapshot === undefined || next === undefined) return undefined;
    return { snapshot, reference, next, anchor: alpha === undefined ? undefined : { row, alpha } };
  }

  return {
    async study(run) {
      if (open !== run.name) {
        const { recipe, seed } = run;
        sent.clear();
        version = 0;
        groups = (await client.ask({ kind: "study", recipe, seed })).groups;
        open = run.name;
      }
      return groups;
    },
    async moments(run) {
      const all = momentsOf(run);
      const [first] = all;
      if (!first || (await sendModels(run, first))) return all;
      const whole = wholeOf(run, first.row);
      return whole && (await sendModels(run, whole)) ? [whole] : [];
    },
    async see(run, moment, choice) {
      const models = await sendModels(run, moment);
      if (!models) throw new Error(`expected the weights of ${moment.row.id}, got none`);
      return (await client.ask({ kind: "see", choice, models })).seen;
    },
    find: async ({ context, label }) => (await client.ask({ kind: "find", context, label })).found,
  };
}
