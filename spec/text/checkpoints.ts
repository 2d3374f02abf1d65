import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder =
  process.env["ANCHORGRAD_CHECKPOINTS"] ??
  fileURLToPath(new URL("../../../shared/checkpoints", import.meta.url));

/** Reference checkpoints of the original libraries, which are no part of the project. */
export function checkpoints(...names: readonly string[]): {
  /** Whether one of the files is not here: tests that need them are skipped. */
  readonly absent: boolean;
  /** Why, for the test's name; empty when all are here. */
  readonly reason: string;
} {
  const absent = !names.every((name) => existsSync(`${folder}/${name}`));
  const reason = absent
    ? ` (skipped: set ANCHORGRAD_CHECKPOINTS to a folder with ${names.join(" and ")})`
    : "";
  return { absent, reason };
}

export const checkpointText = (name: string): string => readFileSync(`${folder}/${name}`, "utf8");
