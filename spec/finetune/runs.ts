import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { runFinetune } from "../../src/finetune/finetune.ts";
import type {
  CertificateEvent,
  FinetuneEvent,
  Line,
  LookEvent,
  SetName,
} from "../../src/finetune/train/events.ts";
import type { FinetuneOptions } from "../../src/finetune/train/prepare.ts";

/** Everything that a run tells; ends it early where `isEnough` says so, as a lost process would. */
export async function told(
  options: FinetuneOptions,
  isEnough: (event: FinetuneEvent) => boolean = () => false,
): Promise<FinetuneEvent[]> {
  const events: FinetuneEvent[] = [];
  for await (const event of runFinetune(options)) {
    events.push(event);
    if (isEnough(event)) break;
  }
  return events;
}

/** What a finished run has written, but for what it was told about itself: bytes by name. */
export async function written(out: string): Promise<Record<string, string>> {
  const names = await readdir(out, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile());
  const read = files.map(async ({ parentPath, name }): Promise<[string, string]> => {
    const path = join(parentPath, name);
    return [path.slice(out.length + 1), (await readFile(path)).toString("latin1")];
  });
  return Object.fromEntries(await Promise.all(read));
}

export const linesIn = (files: Readonly<Record<string, string>>): Line[] =>
  (files["metrics.jsonl"] ?? "")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);

/** The last look of a stage at a set. */
export function lookOf(lines: readonly Line[], stage: string, set: SetName): LookEvent {
  const found = lines.findLast(
    (line): line is LookEvent => line.kind === "look" && line.stage === stage && line.set === set,
  );
  if (!found) throw new Error(`expected a look of ${stage} at ${set}`);
  return found;
}

export const certificatesIn = (lines: readonly Line[]): CertificateEvent[] =>
  lines.filter((line): line is CertificateEvent => line.kind === "certificate");
