import { checkRecipe } from "../checkRecipe.ts";
import type { FineTuningRecipe, PretrainingRecipe, Recipe, RowRecipe } from "../recipe.ts";
import { fullRecipe } from "./full.ts";
import { expandGrid, type Json } from "./grid.ts";
import { base, sft } from "./rows.ts";

/** p_sft for all rows after it. */
const reference: RowRecipe = sft(3e-3);

/** Outer steps and inner epochs that make ten epochs in all, as many as every other row has. */
const [one, two, five] = [
  { outer: 1, inner: 10 },
  { outer: 2, inner: 5 },
  { outer: 5, inner: 2 },
] as const;

/**
 * Every method with about as many settings as any other: two to four a family, six for plain
 * fine-tuning. The values lie around those that did well on seeds 100 and above.
 */
const grid: readonly Json[] = [
  { method: "sft", learningRate: [1e-3, 3e-4, 1e-4] },
  { method: "sft", learningRate: 3e-3, epochs: 1 },
  { method: "sft", learningRate: 1e-3, epochs: 2 },

  { method: "replay", replayShare: [0.1, 0.3], learningRate: 1e-3 },
  { method: "replay", replayShare: 0.3 },
  {
    ...{ method: "klRegularized", family: "klForward", label: "SFT + KL(base‖θ)" },
    ...{ direction: "forward", beta: [0.1, 0.5, 2], learningRate: 1e-3 },
  },
  {
    ...{ method: "klRegularized", family: "klReverse", label: "SFT + KL(θ‖base)" },
    ...{ direction: "reverse", beta: [0.1, 0.5, 2], learningRate: 1e-3 },
  },
  { method: "l2sp", beta: [0.03, 0.1, 0.3] },
  { method: "dft", learningRate: [3e-3, 1e-3, 3e-4] },
  { method: "asft", beta: [0.03, 0.1, 0.3], learningRate: 1e-3 },
  { method: "asft", direction: "reverse", beta: 0.1, learningRate: 1e-3 },

  { method: "merge", weight: [0.2, 0.3, 0.4, 0.5] },
  { method: "distillation", learningRate: [3e-3, 1e-3] },
  { method: "jsd", beta: [0.1, 0.5, 0.9], learningRate: 1e-3 },

  { method: "anchored", alpha: 0.25, ...one },
  { method: "anchored", alpha: [0.15, 0.25], ...two },
  { method: "anchored", alpha: 0.1, ...five },
  { method: "anchored", family: "paper", label: "Paper’s", alpha: 0.5, outer: 5, inner: 5 },
  ...[one, two, two, two].map((rounds, i) => ({
    ...{ method: "anchored", family: "budget", label: "KL budget" },
    alpha: { budget: [0.2, 0.05, 0.1, 0.2][i] },
    ...rounds,
  })),
  ...[
    { alpha: 0.5, ...one },
    { alpha: 0.25, ...two },
    { alpha: 0.25, ...five },
  ].map((setting) => ({
    ...{ method: "anchored", family: "probability" },
    ...{ interpolation: "probability", ...setting },
  })),
  {
    ...{ method: "anchored", family: "power" },
    ...{ interpolation: [-0.5, 0.25, 0.5].map((power) => ({ power })), alpha: 0.25, ...two },
  },
  { method: "anchoredWeights", alpha: 0.25, ...one },
  { method: "anchoredWeights", alpha: [0.1, 0.2], ...two },
  { method: "onPolicy", alpha: [0.1, 0.25], ...five },
  { method: "onPolicy", alpha: 0.25, ...two },
  {
    ...{ method: "anchored", family: "mixed", label: "Anchored + CE" },
    ...{ kdRatio: [0.99, 0.95, 0.9], alpha: 0.25, ...two },
  },
  { method: "moving", alpha: 0.1, learningRate: [3e-3, 3e-4] },
];

const rowsOf = (grids: readonly Json[]): Json[] =>
  grids.flatMap((each, i) => expandGrid(each, `studyRecipe.grid[${i}]`));

const rows = rowsOf(grid);

/**
 * The study of the README: every method, with its settings, on the full study's model and data.
 * Rows are chosen on seeds of 100 and above, one of each family, and reported on others.
 */
export const studyRecipe: Recipe = checkRecipe({
  ...fullRecipe,
  name: "study",
  rows: [base, reference, ...rows],
  reference: reference.id,
  headline: "anchored-alpha-0.25-outer-2-inner-5",
});

/** What is run where the conditions are other ones: the settings that matter of each method. */
const shortList = [
  ...["base", "sft-3e-3", "sft-learningRate-0.001", "sft-learningRate-0.0003"],
  ...["sft-learningRate-0.0001", "replay-replayShare-0.3", "dft-learningRate-0.001"],
  ...["klReverse-direction-reverse-beta-0.5-learningRate-0.001", "l2sp-beta-0.1"],
  ...["asft-beta-0.1-learningRate-0.001", "merge-weight-0.3", "merge-weight-0.5"],
  ...["distillation-learningRate-0.003", "anchored-alpha-0.25-outer-1-inner-10"],
  ...["anchored-alpha-0.25-outer-2-inner-5", "anchored-alpha-0.1-outer-5-inner-2"],
  ...["paper-alpha-0.5-outer-5-inner-5", "budget-alpha-budget-0.1-outer-2-inner-5"],
  "probability-interpolation-probability-alpha-0.25-outer-2-inner-5",
];

interface Condition {
  readonly name: string;
  readonly pretraining?: Partial<PretrainingRecipe>;
  readonly fineTuning?: Partial<FineTuningRecipe>;
}

const under = ({ name, pretraining, fineTuning }: Condition): Recipe =>
  checkRecipe({
    ...studyRecipe,
    name: `study-${name}`,
    pretraining: { ...studyRecipe.pretraining, ...pretraining },
    fineTuning: { ...studyRecipe.fineTuning, ...fineTuning },
    rows: studyRecipe.rows.filter(({ id }) => shortList.includes(id)),
  });

/** The study without what makes its contrast: nothing alien, nothing latent, labels that are wrong. */
export const ablations: readonly Recipe[] = [
  under({ name: "no-sign-off", fineTuning: { signOff: 0 } }),
  under({ name: "unseen", pretraining: { latent: 0 } }),
  under({ name: "label-noise", fineTuning: { signOff: 0, labelNoise: 0.3 } }),
];
