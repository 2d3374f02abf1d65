import type { FinetuneRecipe } from "../../finetune/recipe.ts";
import type { Places } from "../queue/places.ts";
import type { Claim } from "../terminal/claim.ts";
import type { Terminal } from "../terminal/command.ts";
import type { Logging } from "../terminal/logging.ts";

/** A run that is to be made. */
export interface Planned {
  readonly id: string;
  /** What runs of several seeds have in common. */
  readonly setting: string;
  readonly recipe: FinetuneRecipe;
  /** Its folder. */
  readonly out: string;
}

/** What is not the recipes': where, and on what machine. */
export interface ManyOptions {
  /** The folder of the command: a run's, or that of a grid's runs. */
  readonly path: string;
  readonly logging: Logging;
  /** Undefined where nothing is written. */
  readonly claimed: Claim | undefined;
  readonly dryRun: boolean;
  /** Where runs are made by others; undefined for this machine. */
  readonly places: Places | undefined;
  readonly modelFolder?: string;
  readonly threads?: number;
  /** GiB, as they were given. */
  readonly memory?: string;
}

/** What runs are grouped by where they are logged. */
export interface GroupOptions extends ManyOptions {
  readonly group: string;
}

/** What became of runs. */
export interface Outcomes {
  readonly failed: readonly { readonly run: string; readonly error: Error }[];
  /** Whether somebody stopped them before their end. */
  readonly stopped: boolean;
}

/** Makes runs. @param ended hears of each run that has come to its end */
export type Make = (
  runs: readonly Planned[],
  options: GroupOptions,
  terminal: Terminal,
  ended: (run: Planned) => Promise<void>,
) => Promise<Outcomes>;
