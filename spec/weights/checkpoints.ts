import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Reference checkpoints, which are no part of the project. */
export const checkpoints: string =
  process.env["ANCHORGRAD_CHECKPOINTS"] ??
  fileURLToPath(new URL("../../../shared/checkpoints", import.meta.url));

export const isAbsent: boolean = !existsSync(`${checkpoints}/models`);
/** Why tests are skipped, for their names; empty where they run. */
export const reason: string = isAbsent
  ? " (skipped: set ANCHORGRAD_CHECKPOINTS to the folder of reference checkpoints)"
  : "";

/** Folders of the models; of none where they are not here. */
export const models: readonly string[] = isAbsent ? [] : readdirSync(`${checkpoints}/models`);
