/** A value that says how a run was set. */
export type Setting = string | number | boolean;

/** The settings among fields. */
export const settingsIn = (fields: object): Readonly<Record<string, Setting>> =>
  Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, Setting] =>
      ["string", "number", "boolean"].includes(typeof entry[1]),
    ),
  );

/** What a run is called where it is logged. */
export interface LoggedRun {
  /** Groups runs: MLflow's experiment, Trackio's project, TensorBoard's folder. */
  readonly group: string;
  readonly name: string;
  readonly settings: Readonly<Record<string, Setting>>;
  readonly tags?: readonly string[];
  readonly note?: string;
}

export type Outcome = "finished" | "failed" | "stopped";

/** A run as a tracker sees it. */
export interface RunLog {
  /** Numbers at a step; what is not finite is left out, as trackers refuse it. */
  log(step: number, metrics: Readonly<Record<string, number>>): Promise<void>;
  end(outcome: Outcome): Promise<void>;
}

/** Where runs are logged. */
export interface Tracker {
  /** Begins a run. @throws DataError where the tracker cannot be reached or refuses */
  begin(run: LoggedRun): Promise<RunLog>;
}

/** Numbers that every tracker takes. */
export const finiteIn = (
  metrics: Readonly<Record<string, number>>,
): readonly (readonly [name: string, value: number])[] =>
  Object.entries(metrics).filter(([, value]) => Number.isFinite(value));
