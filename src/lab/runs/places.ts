import { weightsName } from "../../experiment/recipe.ts";
import { checkpointsOf } from "../../experiment/runs/run.ts";

/** Where the files of runs are in the browser's storage: as the command line keeps them on disk. */
export const runPath = (name: string): string => `runs/${name}`;
/** The parameters of the link that repeats a run. */
export const addressOf = (name: string): string => `${runPath(name)}/address.txt`;
/** What each row's model said. */
export const samplesOf = (name: string): string => `${runPath(name)}/samples.json`;
/** A student's weights at the end of an outer step, which the next one starts from. */
export const snapshotOf = (name: string, seed: number, row: string, outer: number): string =>
  `${runPath(name)}/snapshots/${weightsName(seed, row)}/${outer}.safetensors`;
/** The weights of a finished row. */
export const checkpointOf = (name: string, seed: number, row: string): string =>
  `${checkpointsOf(runPath(name))}/${weightsName(seed, row)}.safetensors`;
/** Held by whoever works on a run. */
export const lockOf = (name: string): string => `anchorgrad run ${name}`;
