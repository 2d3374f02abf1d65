import { createEngine } from "../../engines/create.ts";
import { experiment } from "../../experiment/experiment.ts";
import { measurementText, type Result } from "../../experiment/measurements.ts";
import { checkpointFolder } from "../../weights/files.ts";
import { checkpointsInMemory } from "../../weights/store.ts";
import type { Sample } from "../worker/protocol.ts";
import { answer, sampleQuestions } from "../worker/samples.ts";
import { SEED, scenario } from "./scenario.ts";

/** What a run weighs is what a visitor waits for: digits that no chart shows stay away. */
const rounded = (text: string): string =>
  text.replace(/-?\d+\.\d{5,}(e-?\d+)?/g, (number) => `${Number(Number(number).toPrecision(4))}`);

/** And what the page has no place for. */
const UNSEEN = ["overlap", "byClass", "anchorKept", "ece", "rarest", "priorBare", "priorLoss"];

const seen = (text: string): string =>
  JSON.stringify(JSON.parse(text, (name, value) => (UNSEEN.includes(name) ? undefined : value)));

/** Of the base's pre-training, which nobody watches here, twenty looks make the curve. */
const isBetween = (m: Result): boolean =>
  m.kind === "progress" && m.stage.kind !== "row" && m.step % 80 !== 0;

/**
 * Runs the scenario and writes what a page needs to show it: measurements, and what each model says.
 * @param bases the folder of those that come with the page
 */
export async function record(bases: string): Promise<string> {
  await using engine = await createEngine({ backend: "wasm" });
  const pretrained = checkpointFolder(bases);
  const checkpoints = checkpointsInMemory();
  const questions = sampleQuestions(scenario, SEED);
  const measurements: Result[] = [];
  const samples: Record<string, readonly Sample[]> = {};
  for await (const m of experiment(engine, scenario, {
    ...{ seeds: [SEED], checkpoints, pretrained },
  })) {
    // How it came about is another's on every machine.
    if (m.kind === "attempt" || isBetween(m)) continue;
    measurements.push(m);
    if (m.kind !== "row") continue;
    const weights = await checkpoints.load(`seed-${SEED}/${m.row}`);
    if (weights) samples[m.row] = await answer(engine, scenario, weights.tensors, questions);
  }
  const lines = measurements.map((m) => rounded(seen(measurementText(m))));
  return `{"measurements":[\n${lines.join(",\n")}\n],\n"samples":${JSON.stringify(samples)}}\n`;
}
