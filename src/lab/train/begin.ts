import { rowOfMeasurement } from "../../experiment/measurements.ts";
import { freeName } from "../runs/library.ts";
import { baseRow, type Run } from "../runs/run.ts";
import type { Storage } from "../runs/storage.ts";
import { readSetup, writeSetup } from "../setup/address.ts";
import { recipeOf, type Setup } from "../setup/setup.ts";
import type { Conductor } from "./conductor.ts";

/** A run that has not begun, under a name of its own. */
export async function newRun(storage: Storage, setup: Setup): Promise<Run> {
  const started = new Date().toISOString();
  const time = started.slice(0, 19).replace("T", "-").replaceAll(":", "");
  const address = new URLSearchParams();
  writeSetup(address, setup);
  return {
    name: await freeName(storage, `${setup.recipe}-${time}`),
    ...{ recipe: recipeOf(setup), seed: setup.seed, address: `${address}`, status: "starting" },
    ...{ backend: "", device: "", reason: "", started, measurements: [], samples: {} },
    ...{ figures: undefined, student: undefined, trouble: undefined, shown: true },
  };
}

/** Starts a new run. */
export function beginRun(conductor: Conductor, run: Run, { scratch, engine }: Setup): void {
  const { recipe, seed, address } = run;
  conductor.begin(run, { fresh: { recipe, seeds: [seed], address }, scratch }, engine);
}

/** Goes on with a run that has not come to its end: its finished rows stay as they are. */
export function continueRun(conductor: Conductor, run: Run): void {
  const finished = new Set(run.measurements.flatMap((m) => (m.kind === "row" ? [m.row] : [])));
  const base = baseRow(run).id;
  run.measurements = run.measurements.filter((m) => finished.has(rowOfMeasurement(m, base)));
  run.student = undefined;
  const { scratch, engine } = readSetup(new URLSearchParams(run.address));
  if (run.backend !== "") {
    conductor.begin(run, { scratch }, run.backend as Setup["engine"]);
    return;
  }
  // Its engine never started: there is nothing yet to go on with.
  const { recipe, seed, address } = run;
  conductor.begin(run, { fresh: { recipe, seeds: [seed], address }, scratch }, engine);
}
