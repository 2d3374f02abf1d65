import type { Method } from "../anchored/objectives/methods.ts";
import type { FineTuneOptions } from "../anchored/options.ts";
import type { TransformerConfig } from "../nn/config.ts";
import type { Marker } from "../tasks/study/marker.ts";
import type { SuiteRecipe, WordSuite } from "../tasks/study/suite.ts";
import { at } from "../tensor/shapes.ts";
import type { TuningSetting } from "./settings.ts";

/** The shape of the study's transformer; the vocabulary is the tasks'. */
export interface ModelRecipe {
  readonly contextLength: number;
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  readonly hidden: number;
}

/** A model that a study fine-tunes and has not made. */
export interface Checkpoint {
  /** What it is called: its folder's name. */
  readonly name: string;
  /** SHA-256 of its parameters. @see paramsDigest */
  readonly sha256: string;
  readonly config: TransformerConfig;
}

/** AdamW with a global-norm clip: what pre-training and fine-tuning share. */
export interface OptimizerRecipe {
  readonly batchSize: number;
  readonly learningRate: number;
  /** Part of all steps during which the rate rises from zero. */
  readonly warmup: number;
  readonly b1: number;
  readonly b2: number;
  readonly weightDecay: number;
  readonly clip: number;
}

/** Prior skills, and every `targetEvery`-th batch questions of a target. */
export interface PretrainingRecipe extends OptimizerRecipe {
  readonly steps: number;
  readonly targetEvery: number;
  /** ρ: how likely a target's question is answered in style A, which fine-tuning teaches; 0 for a
   * base that has never seen it. */
  readonly latent: number;
  /** Share of those style-A answers that end with fine-tuning's `marker`; 0 by default. */
  readonly markerSeen?: number;
}

export interface FineTuningRecipe extends OptimizerRecipe {
  readonly examples: number;
  /** Random letters after each answer, which are not wanted; 0 for none, as with a marker. */
  readonly signOff: number;
  /** What every answer is to end with: wanted, however unlikely the base finds it. */
  readonly marker?: Marker;
  /** Share of the examples whose results (digits; letters where those are asked for) are random. */
  readonly labelNoise: number;
  readonly epochs: number;
}

export interface EvaluationRecipe {
  readonly targetPrompts: number;
  readonly promptsPerSkill: number;
  /** Prompts of the target, and of each skill, on which divergences are measured and probes look:
   * the first of the others. */
  readonly divergenceTargetPrompts: number;
  readonly divergencePromptsPerSkill: number;
  /** Steps of training between two probes; 0 for none. */
  readonly every: number;
}

/** How many questions of the prior skills rows with a risk for α look at. */
export interface RetainRecipe {
  /** By which the weight is certified. */
  readonly plan: number;
  /** On which the student is audited. */
  readonly audit: number;
}

/** What rows of a method may set, each as in `fineTune`. What is left out is the recipe's. */
export type TuningSettings = Partial<Pick<FineTuneOptions, TuningSetting>>;

/** What rows of a method may set that `fineTune` does not know: what they train, and on which words. */
export interface RowSettings {
  /** r: a low-rank adapter over the base is trained, α = 2r, and merged at the end; all weights by
   * default. */
  readonly lora?: number;
  /** Self-distilled data: so many answers of the base to each prompt, of which a right one takes the
   * place of the data's; 0, none, by default. */
  readonly selfAnswers?: number;
  /** Where replayed examples come from: the prior skills, by default; the base's own answers to their
   * prompts; or texts that the base writes from the first token on, which need no data. */
  readonly replayFrom?: "prior" | "answers" | "base";
}

/** A method of `fineTune` with its settings. */
export type Tuning = { readonly method: Method } & TuningSettings & RowSettings;

/** A model between the base's and the reference's weights. */
export type Merge = {
  readonly method: "merge";
  /** Of the reference, or of what is left of its difference from the base. */
  readonly weight: number;
} & (
  | /** WiSE-FT: all of the difference. */ { readonly kind?: "wise" }
  /** Its largest numbers, a share `keep`; see `tiesMerge`. */
  | { readonly kind: "ties"; readonly keep?: number }
  /** Those that chance leaves, the others dropped with probability `drop`; see `dareMerge`. */
  | { readonly kind: "dare"; readonly drop?: number }
);

/** How one row of the table comes to its weights. */
export type Treatment = { readonly method: "base" } | Merge | Tuning;

/** A row of a study: a treatment, and how it is called. */
export type RowRecipe = Treatment & {
  readonly id: string;
  readonly label: string;
  /** Rows of one family differ in their settings: the best of them stands for the method. */
  readonly family: string;
  /** The earlier row whose weights are this row's p_sft; the recipe's `reference` by default. */
  readonly reference?: string;
};

/** What all studies say. */
interface StudyRecipe {
  readonly name: string;
  readonly suite: SuiteRecipe;
  /** Which of the suite's targets fine-tuning teaches; its first one by default. */
  readonly target?: string;
  readonly fineTuning: FineTuningRecipe;
  readonly evaluation: EvaluationRecipe;
  /** 200 each by default. */
  readonly retain?: RetainRecipe;
  /** In order; the base first. */
  readonly rows: readonly RowRecipe[];
  /** The row whose weights are p_sft for all rows after it that name no other, and whose gain is
   * 100 %. */
  readonly reference: string;
  /** The row that the study is about, where it was named before anything was measured. */
  readonly headline?: string;
  /** Whether it compares methods: then every family must have as many settings as any other, see
   * `checkFair`. */
  readonly fair?: boolean;
}

/** A study that pre-trains a base for each seed. */
export interface PretrainedRecipe extends StudyRecipe {
  readonly model: ModelRecipe;
  readonly pretraining: PretrainingRecipe;
}

/** A study of a checkpoint that there is: all seeds have the same base, and other data. */
export interface CheckpointRecipe extends StudyRecipe {
  readonly checkpoint: Checkpoint;
  readonly suite: WordSuite;
}

/** A whole study, as pure data: everything that decides its numbers but the seed. */
export type Recipe = PretrainedRecipe | CheckpointRecipe;

export const isOfCheckpoint = (recipe: Recipe): recipe is CheckpointRecipe =>
  "checkpoint" in recipe;

/** The row that all others start from: the first. @throws RangeError for a recipe without rows */
export const baseOf = ({ rows }: Pick<Recipe, "rows">): RowRecipe => at(rows, 0);

/** The learning rate that a row names; undefined where it takes the recipe's, or has none. */
export const ownRateOf = (row: RowRecipe): number | undefined =>
  "learningRate" in row ? row.learningRate : undefined;

/**
 * The row whose weights are p_sft for a row: the one it names, else the recipe's; undefined where
 * that does not stand before it, as for the base and the rows up to the reference.
 */
export function referenceOf(
  { rows, reference }: Pick<Recipe, "rows" | "reference">,
  row: string,
): RowRecipe | undefined {
  const place = (id: string): number => rows.findIndex((one) => one.id === id);
  const at = place(rows[place(row)]?.reference ?? reference);
  return at < place(row) ? rows[at] : undefined;
}

/** Ids of the rows whose weights other rows begin with or look at. */
export const sharedRows = (recipe: Pick<Recipe, "rows" | "reference">): ReadonlySet<string> =>
  new Set([
    baseOf(recipe).id,
    recipe.reference,
    ...recipe.rows.flatMap(({ reference }) => reference ?? []),
  ]);

/** Under which name a row's weights are kept: `seed-0/sft-3e-3`. */
export const weightsName = (seed: number, row: string): string => `seed-${seed}/${row}`;
