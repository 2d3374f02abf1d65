import { expandGrid, type Json } from "./grid.ts";
import { rateText, sft } from "./rows.ts";

/** Three values of what one axis of a family's grid sets. */
export type Axis = readonly [Json, Json, Json];

/** A family of rows: a method, under a name of its own where it has several families. */
export interface FamilyGrid {
  readonly method: string;
  /** The method's name by default. */
  readonly family?: string;
  readonly label?: string;
  /** What all nine rows set. */
  readonly shared?: Json;
  readonly axes: readonly [Axis, Axis];
}

/**
 * The nine rows of a family: every value of the first axis with every value of the second. That all
 * families have so many is what makes the best of one comparable with the best of another.
 * @example
 * nineRows({ method: "asft", axes: [over("beta", [0.03, 0.1, 0.3]), over("learningRate", rates)] });
 */
export function nineRows({ axes, shared, ...names }: FamilyGrid): Json[] {
  const [first, second] = axes;
  return first.flatMap((one) =>
    second.flatMap((other) =>
      expandGrid(
        { ...names, ...shared, ...one, ...other },
        `family ${names.family ?? names.method}`,
      ),
    ),
  );
}

type Three<T> = readonly [T, T, T];

/** An axis of one setting. */
export const over = (name: string, [a, b, c]: Three<unknown>): Axis => [
  { [name]: a },
  { [name]: b },
  { [name]: c },
];

/** What a method chooses itself, and two values of what may be said in its place. */
const ownOr = (name: string, [a, b]: readonly [number, number]): Axis => [
  {},
  { [name]: a },
  { [name]: b },
];

/** Methods of which no family is made, and why. */
export const leftOut: Readonly<Record<string, string>> = {
  threshold: "stm asks the base the same, whose answer does not move",
  iwSftTokens: "iwSft is the paper's own choice of the two",
  onPolicyFresh: "twice the time of any other row; `sweep paper` has it",
};

/** Hot, middle, gentle. */
export type Rates = Three<number>;

const betas = over("beta", [0.03, 0.1, 0.3]);
const quarters = over("alpha", [0.1, 0.25, 0.5]);

/** The anchor's weight and its outer steps: 0.28, 0.44 and 0.5 of p_sft in the end. */
const weights: Axis = [
  { alpha: 0.15, outer: 2, inner: 5 },
  { alpha: 0.25, outer: 2, inner: 5 },
  { alpha: 0.5, outer: 1, inner: 10 },
];

/** Two outer steps, ten epochs in all. */
const twice: Json = { outer: 2, inner: 5 };

/** The study's families: every method, or several ways to mean it. `extraGrids` has what joins by name. */
export function familyGrids([hot, middle, gentle]: Rates): readonly FamilyGrid[] {
  const rates = over("learningRate", [hot, middle, gentle]);
  // Where a method has no strength, its other axis is the teacher's rate, or an early stop.
  const teachers = over(
    "reference",
    [hot, middle, gentle].map(teacherId) as unknown as Three<string>,
  );
  const stops = over("epochs", [10, 5, 2]);
  return [
    { method: "replay", axes: [over("replayShare", [0.1, 0.3, 0.5]), rates] },
    {
      ...{ method: "klRegularized", family: "klForward", label: "SFT + forward KL(base‖θ)" },
      ...{ shared: { direction: "forward" }, axes: [betas, rates] },
    },
    {
      ...{ method: "klRegularized", family: "klReverse", label: "SFT + reverse KL(θ‖base)" },
      ...{ shared: { direction: "reverse" }, axes: [betas, rates] },
    },
    { method: "l2sp", axes: [betas, rates] },
    { method: "ewc", axes: [betas, rates] },
    { method: "dft", axes: [stops, rates] },
    { method: "power", axes: [over("power", [0.25, 0.5, 2]), rates] },
    { method: "eaft", axes: [over("power", [0.5, 1, 2]), rates] },
    { method: "stm", axes: [over("threshold", [0.4, 0.1, 0.02]), rates] },
    { method: "talr", axes: [ownOr("tau", [0.5, 2]), rates] },
    { method: "flow", axes: [ownOr("tau", [1, 4]), rates] },
    { method: "iwSft", axes: [over("power", [0.25, 0.5, 1]), rates] },
    { method: "psft", axes: [over("clipRatio", [0.1, 0.28, 1]), rates] },
    {
      ...{ method: "sft", family: "lora", label: "LoRA" },
      axes: [over("lora", [2, 4, 8]), rates],
    },
    {
      ...{ method: "sft", family: "selfSft", label: "Self-SFT" },
      axes: [over("selfAnswers", [2, 8, 32]), rates],
    },
    {
      ...{ method: "replay", family: "rehearsal", label: "Replay of the base’s own texts" },
      ...{ shared: { replayFrom: "base" }, axes: [over("replayShare", [0.1, 0.3, 0.5]), rates] },
    },
    { method: "asft", axes: [betas, rates] },
    {
      ...{ method: "asft", family: "asftReverse", label: "ASFT, reverse KL(θ‖base)" },
      ...{ shared: { direction: "reverse" }, axes: [betas, rates] },
    },
    { method: "merge", axes: [over("weight", [0.3, 0.5, 0.7]), teachers] },
    {
      ...{ method: "merge", family: "ties", label: "TIES", shared: { kind: "ties", weight: 1 } },
      axes: [over("keep", [0.1, 0.2, 0.4]), teachers],
    },
    {
      ...{ method: "merge", family: "dare", label: "DARE", shared: { kind: "dare" } },
      axes: [over("weight", [0.3, 0.5, 1]), teachers],
    },
    { method: "distillation", axes: [teachers, rates] },
    { method: "jsd", axes: [over("beta", [0.1, 0.5, 0.9]), rates] },
    { method: "anchored", axes: [weights, rates] },
    {
      ...{ method: "anchored", family: "anchoredGentle", label: "Anchored, gentle teacher" },
      ...{ shared: { reference: teacherId(gentle) }, axes: [weights, rates] },
    },
    {
      ...{ method: "anchored", family: "paper", label: "Paper’s weight" },
      ...{ shared: { alpha: 0.5, outer: 5, inner: 2 }, axes: [teachers, rates] },
    },
    {
      ...{ method: "anchored", family: "budget", label: "KL budget", shared: twice },
      axes: [over("alpha", [{ budget: 0.05 }, { budget: 0.1 }, { budget: 0.2 }]), rates],
    },
    {
      ...{ method: "anchored", family: "certified", label: "Certified α", shared: twice },
      axes: [over("alpha", [{ risk: 0.02 }, { risk: 0.05 }, { risk: 0.1 }]), rates],
    },
    {
      ...{ method: "anchored", family: "probability" },
      ...{ shared: { interpolation: "probability" }, axes: [weights, rates] },
    },
    {
      ...{ method: "anchored", family: "powerMean", shared: { alpha: 0.25, ...twice } },
      axes: [over("interpolation", [{ power: -0.5 }, { power: 0.25 }, { power: 0.5 }]), rates],
    },
    {
      ...{ method: "anchored", family: "mixed", label: "Anchored + CE" },
      ...{ shared: { alpha: 0.25, ...twice } },
      axes: [over("kdRatio", [0.99, 0.95, 0.9]), rates],
    },
    { method: "anchoredWeights", axes: [weights, rates] },
    { method: "onPolicy", axes: [weights, rates] },
    {
      ...{
        method: "anchored",
        family: "anchoredRehearsal",
        label: "Anchored + the base’s own texts",
      },
      ...{ shared: { alpha: 0.25, ...twice, replayFrom: "base" } },
      axes: [over("replayShare", [0.1, 0.3, 0.5]), rates],
    },
    { method: "moving", axes: [quarters, rates] },
  ];
}

const teacherId = (rate: number): string => sft(rate).id;

/** Plain fine-tuning at each rate, to the end, which makes the teachers; then its early stops. */
export function plainRows([hot, middle, gentle]: Rates): Json[] {
  const early: readonly number[] = [5, 2];
  return [
    ...[hot, middle, gentle].map((rate): Json => ({ ...sft(rate) })),
    ...early.flatMap((epochs) =>
      [hot, middle, gentle].map(
        (learningRate): Json => ({
          id: `sft-${rateText(learningRate)}-${epochs}-epochs`,
          label: `SFT ${rateText(learningRate)}, ${epochs} epochs`,
          ...{ family: "sft", method: "sft", learningRate, epochs },
        }),
      ),
    ),
  ];
}
