import { fineTune } from "../../anchored/fineTune.ts";
import { objectiveOf } from "../../anchored/objectives/kinds.ts";
import { isAnchored } from "../../anchored/objectives/objective.ts";
import type { Engine } from "../../engines/engine.ts";
import type { Params } from "../../nn/config.ts";
import { hostCopy } from "../../train/trainSteps.ts";
import type { Best } from "../files/checkpointFile.ts";
import type { RunDirectory } from "../files/directory.ts";
import type { FinetuneEvent, Line } from "./events.ts";
import type { Prepared } from "./prepared.ts";
import { stepsOf, type Training } from "./training.ts";

/** What a stage works on. */
export interface StageOptions {
  readonly prepared: Prepared;
  readonly directory: Omit<RunDirectory, "close">;
  readonly signal: AbortSignal;
  /** `"sft"` or the method's name. */
  readonly stage: string;
  readonly training: Training;
  /** Whether what it tells is written down; not where it is done again. */
  readonly isLogged?: boolean;
}

/** Milliseconds after which a checkpoint is made at the latest. */
const MINUTE = 60_000;

/** Looks of a stage, where nothing is said. */
export const LOOKS = 8;

/** What a stage has come to. */
export interface Trained {
  /** Resident. */
  readonly params: Params;
  /** Behind which of its steps they stood. */
  readonly step: number;
}

/** Trains, from the stage's checkpoint if it has one. @returns undefined where it was stopped */
export async function* trainStage({
  prepared,
  directory,
  signal,
  stage,
  training,
  isLogged = true,
}: StageOptions): AsyncGenerator<FinetuneEvent, Trained | undefined> {
  const { engine, recipe, looker } = prepared;
  const steps = stepsOf(training);
  const chooses = recipe.keep === "best";
  const hasAnchor = isAnchored(objectiveOf(training.method).target);
  const looks = isLogged || chooses;
  const probeEvery = looks ? (recipe.lookEvery ?? Math.ceil(steps / LOOKS)) : 0;
  const resume = isLogged ? await directory.resume() : undefined;
  let kept = performance.now();
  let best = resume?.best;
  const isDue = (step: number): boolean =>
    signal.aborted || step % recipe.checkpointEvery === 0 || performance.now() - kept > MINUTE;
  async function* told(lines: readonly Line[]): AsyncGenerator<FinetuneEvent> {
    if (!isLogged) return;
    for (const line of lines) {
      await directory.log(line);
      yield line;
    }
  }
  /** @param isEnd whether the stage may be left with what is looked at */
  async function* look({ step, params }: Trained, isEnd: boolean): AsyncGenerator<FinetuneEvent> {
    const lines = await looker.look({ stage, step }, params, false);
    yield* told(lines);
    if (chooses && isEnd) best = await better(engine, best, { params, step }, lines);
  }
  const isPatient = (): boolean => !best || best.since < (recipe.patience ?? Infinity);
  async function* chosen({ params, step }: Trained): AsyncGenerator<FinetuneEvent, Trained> {
    if (!best) return { params, step };
    yield* told([{ kind: "best", stage, step: best.step, steps: step, logLoss: best.logLoss }]);
    return { params: engine.put(best.params), step: best.step };
  }
  const checkpointEvery = isLogged ? isDue : Infinity;
  let certified: number | undefined;
  const options = { ...training, probeEvery, checkpointEvery, ...(resume && { resume }) };
  for await (const m of fineTune(engine, options)) {
    if (m.kind === "end") {
      if (chooses && m.step !== certified) yield* look(m, true);
      return yield* chosen(m);
    }
    if (m.kind === "step") {
      const { step, loss, gradientNorm, learningRate, tokens, responseTokens, outer } = m;
      const sizes = { gradientNorm, learningRate, tokens, responseTokens };
      yield* told([
        { kind: "step", stage, step, steps, ...(hasAnchor && { outer }), loss, ...sizes },
      ]);
    } else if (m.kind === "probe") {
      // The last look comes with answers, when the stage has ended.
      // What is certified is the end of an outer step: the student that is kept is one of those.
      if (m.step < steps) yield* look(m, !hasAnchor);
      if (!isPatient()) return yield* chosen(m);
    } else if (m.kind === "outer") {
      const { outer, alpha, targets, certificate } = m;
      yield* told([{ kind: "certificate", outer, alpha, targets, ...certificate }]);
      if (!chooses) continue;
      certified = m.step;
      yield* look(m, true);
      if (!isPatient()) return yield* chosen(m);
    } else if (m.kind === "retention") yield* told([m]);
    else {
      await directory.keep({ ...m, ...(best && { best }) });
      kept = performance.now();
      yield { kind: "checkpoint", stage, step: m.step };
      if (signal.aborted) return undefined;
    }
  }
  return undefined;
}

/** The best so far, of what a look has seen of the held-out rows. */
async function better(
  engine: Engine,
  best: Best | undefined,
  { params, step }: Trained,
  lines: readonly Line[],
): Promise<Best | undefined> {
  const seen = lines.find((line) => line.kind === "look" && line.set === "eval");
  if (seen?.kind !== "look") return best;
  const { logLoss } = seen;
  if (best && logLoss >= best.logLoss) return { ...best, since: best.since + 1 };
  return { params: await hostCopy(engine, params), step, logLoss, since: 0 };
}
