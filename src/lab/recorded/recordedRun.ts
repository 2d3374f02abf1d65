import { measurementOf, type Written } from "../../experiment/measurements.ts";
import type { Run } from "../runs/run.ts";
import type { Sample } from "../worker/protocol.ts";
import { SEED, scenario } from "./scenario.ts";

/** What `record` wrote: of measurements what the page shows. */
interface Recording {
  readonly measurements: readonly Written[];
  readonly samples: Readonly<Record<string, readonly Sample[]>>;
}

/** The run that comes with the page; it is kept nowhere, and none of the browser's. */
export async function recordedRun(): Promise<Run> {
  const { default: recording } = (await import("./recording.json")) as unknown as {
    readonly default: Recording;
  };
  return {
    ...{ name: "recorded", recipe: scenario, seed: SEED, address: "", status: "recorded" },
    ...{ backend: "wasm", device: "", reason: "", started: "" },
    measurements: recording.measurements.map(measurementOf),
    samples: recording.samples,
    ...{ figures: undefined, student: undefined, trouble: undefined, shown: true },
  };
}
