import type { Engine } from "../../engines/engine.ts";
import { type CheckpointDiagnosis, diagnose, type Speaker } from "../../finetune/diagnose.ts";
import { type Features, featuresOf, type Retained } from "../../finetune/diagnosis/features.ts";
import { type Advice, recommend } from "../../finetune/diagnosis/recommend.ts";
import { DataError } from "../../tensor/errors.ts";
import { fold } from "../../tensor/random.ts";
import { keysOf, studyData, unseenTraining } from "../data.ts";
import { modelOf } from "../model.ts";
import { baseOf, ownRateOf, type Recipe, type RowRecipe, weightsName } from "../recipe.ts";
import { retainedHalves } from "../retained.ts";
import type { RunDirectory } from "../runs/run.ts";

export interface SeedAdvice {
  readonly features: Features;
  readonly advice: Advice;
}

export interface AdviseOptions {
  /** `texts` to be advised as one who has no prior data: `rows` by default. */
  readonly retained?: Retained;
  /** As `featuresOf` takes it; 0 by default. */
  readonly unwanted?: number;
}

/** Seeds' other data have other keys, see `keysOf`. */
const KEY = 101;

/**
 * What `anchorgrad diagnose` would recommend for a study's seed, knowing its base, its p_sft and SFT at
 * smaller rates as far as the run has kept them, and nothing of the other rows: read at examples of the
 * training's kind that no SFT has seen, and at the prior prompts by which weights are certified.
 * @throws DataError where the run has not kept the weights of its base or of p_sft
 */
export async function adviseSeed(
  engine: Engine,
  { config: { recipe }, checkpoints }: Pick<RunDirectory, "config" | "checkpoints">,
  seed: number,
  { retained = "rows", unwanted = 0 }: AdviseOptions = {},
): Promise<SeedAdvice> {
  const model = modelOf(recipe);
  const keys = keysOf(seed);
  const { training } = studyData(recipe, keys);
  const { targetPrompts } = recipe.evaluation;
  const data = unseenTraining(recipe, targetPrompts, fold(keys.training, KEY), training);
  const retain = retainedHalves(recipe, seed).plan;
  const speakerOf = async (id: string): Promise<Speaker | undefined> => {
    const params = (await checkpoints.load(weightsName(seed, id)))?.tensors;
    return params && { model, params };
  };
  const needed = async (id: string): Promise<Speaker> => {
    const speaker = await speakerOf(id);
    if (speaker) return speaker;
    throw new DataError(`advice: expected the weights of ${id} of seed ${seed}, got none`);
  };
  const base = await needed(baseOf(recipe).id);
  const options = { data, retain, batchSize: recipe.fineTuning.batchSize, mostTokens: ALL };
  const against = (sft: Speaker): Promise<CheckpointDiagnosis> =>
    diagnose(engine, { base, sft, ...options });
  const gentler: { readonly rate: number; readonly diagnosis: CheckpointDiagnosis }[] = [];
  for (const { id, rate } of gentlerRows(recipe)) {
    const sft = await speakerOf(id);
    if (sft) gentler.push({ rate, diagnosis: await against(sft) });
  }
  const diagnosis = await against(await needed(recipe.reference));
  const features = featuresOf(diagnosis, { retained, unwanted, gentler });
  return { features, advice: recommend(features, { epochs: recipe.fineTuning.epochs }) };
}

const ALL = 2 ** 31 - 1;

/** SFT to the end at smaller rates than p_sft's. */
function gentlerRows(recipe: Recipe): { readonly id: string; readonly rate: number }[] {
  const rateOf = (row: RowRecipe): number => ownRateOf(row) ?? recipe.fineTuning.learningRate;
  const reference = recipe.rows.find(({ id }) => id === recipe.reference);
  if (!reference) return [];
  return recipe.rows.flatMap((row) => {
    const rate = rateOf(row) / rateOf(reference);
    const isPlain = row.method === "sft" && row.family === reference.family;
    const stops = "epochs" in row && row.epochs !== undefined;
    return isPlain && !stops && rate < 1 ? [{ id: row.id, rate }] : [];
  });
}
