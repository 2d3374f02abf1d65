/** A scene worth looking at. */
export interface Preset {
  readonly id: string;
  readonly label: string;
  /** What the three tokens are called. */
  readonly tokens: readonly [string, string, string];
  /** Logits. */
  readonly p: readonly number[];
  readonly s: readonly number[];
  readonly landed?: readonly number[];
  readonly alpha: number;
  readonly steps: number;
  /** What to see. */
  readonly text: string;
  /** The claims that it is about, by id. */
  readonly claims: readonly string[];
}

const logs = (...probabilities: readonly number[]): number[] => probabilities.map(Math.log);

/** Probabilities of the third token where a scene is about two. */
const RARELY = 0.02;
const NEVER = 1e-8;
const pair = (first: number, second: number): number[] =>
  logs((1 - RARELY) * first, (1 - RARELY) * second, RARELY);
const two = (first: number, second: number): number[] => logs(first, second, NEVER);
const sureOfFirst = (rare: number): number[] => two(1 - rare, rare);
const sureOfSecond = (rare: number): number[] => two(rare, 1 - rare);

const answers = ["curt", "worked", "alien"] as const;
const letters = ["A", "B", "C"] as const;

/** Why anchoring keeps what a model knew. */
const explanations: readonly Preset[] = [
  {
    id: "study",
    label: "The study's recipe",
    tokens: answers,
    p: logs(0.72, 0.25, 0.03),
    s: logs(0.02, 0.74, 0.24),
    alpha: 0.25,
    steps: 2,
    text: "The base mostly answers curtly, fine-tuning wants worked answers. Two steps of α = 0.25 come to a weight of 0.44, and that is enough for the skill that the base had all along.",
    claims: ["1"],
  },
  {
    id: "latent",
    label: "A latent skill is adopted",
    tokens: answers,
    p: pair(0.75, 0.25),
    s: pair(0.01, 0.99),
    alpha: 0.25,
    steps: 2,
    text: "The base gives the worked answer one time in four. On the logit path it wins from a weight of 0.19 on: well before 0.44. Compare with the alien habit.",
    claims: ["1"],
  },
  {
    id: "alien",
    label: "An alien habit is refused",
    tokens: ["known", "alien", "other"],
    p: pair(1 - 1e-4, 1e-4),
    s: pair(0.01, 0.99),
    alpha: 0.25,
    steps: 2,
    text: "p_sft is the same as for the latent skill, but the base would hardly ever say this. The logit path turns at 0.67 only, so a student of weight 0.44 keeps its answer. The probability path turns at 0.51: its window between latent and alien is narrow.",
    claims: ["1"],
  },
  {
    id: "paper",
    label: "Five steps of α = ½",
    tokens: answers,
    p: logs(0.72, 0.25, 0.03),
    s: logs(0.02, 0.74, 0.24),
    alpha: 0.5,
    steps: 5,
    text: "Exact steps with α = 0.5 and T = 5 end at a weight of 1 − 0.5⁵ = 0.97: all but at p_sft, alien habits included. Only the total weight counts, not how it is cut into steps.",
    claims: ["1", "15"],
  },
  {
    id: "sure",
    label: "An over-confident teacher",
    tokens: answers,
    p: pair(0.75, 0.25),
    s: pair(1e-9, 1),
    alpha: 0.1,
    steps: 1,
    text: "The surer p_sft is, the earlier the logit path turns: here at 0.05. For p_sft → one-hot every α > 0 is too much. The probability path turns at 0.33.",
    claims: ["1"],
  },
  {
    id: "bridge",
    label: "The bridge token",
    tokens: letters,
    p: logs(0.98, 1e-6, 0.02),
    s: logs(1e-6, 0.98, 0.02),
    alpha: 0.5,
    steps: 1,
    text: "Half-way on the logit path the likeliest token is C, which is nobody's choice: p and p_sft veto each other's, and both can live with C. The probability path never does this.",
    claims: ["5"],
  },
  {
    id: "certificate",
    label: "The certificate of a real step",
    tokens: answers,
    p: logs(0.72, 0.25, 0.03),
    s: logs(0.02, 0.74, 0.24),
    landed: logs(0.12, 0.6, 0.28),
    alpha: 0.4,
    steps: 1,
    text: "An optimizer never ends exactly at the anchor. Drag p′, where it ended: with δ the bound holds wherever that is, and without δ it need not.",
    claims: ["20", "20−"],
  },
];

const opposed = { p: sureOfFirst(1e-6), s: sureOfSecond(1e-9), alpha: 0.5, steps: 1 };

/** What looks as if it should hold, and does not. @see spec/theory */
const counterexamples: readonly Preset[] = [
  {
    ...opposed,
    id: "reverse",
    label: "KL(new‖old) has no linear bound",
    tokens: letters,
    text: "This bound fails here: half-way between two sure and opposed models, the logit path all but follows the surer one. KL(q‖p) = 13.3 nats, but half of KL(s‖p) is 6.9.",
    claims: ["2"],
  },
  {
    ...opposed,
    id: "distance",
    label: "TV, JS and Hellinger have none",
    tokens: letters,
    text: "These bounds fail here, on the logit path: a weight of ½ moves 97 % of the probability. TV is 0.969 > 0.5, JS 0.624 > 0.347, H² 0.824 > 0.499.",
    claims: ["5", "6", "7"],
  },
  {
    id: "mirror",
    label: "KL(new‖sft) has none",
    tokens: letters,
    p: opposed.s,
    s: opposed.p,
    alpha: 0.5,
    steps: 1,
    text: "This bound fails here: the mirror image. Half the way is gone, and yet KL(q‖s) = 13.3 nats, more than half of KL(p‖s).",
    claims: ["3"],
  },
  {
    id: "constant",
    label: "No bound from α alone",
    tokens: letters,
    p: sureOfFirst(1e-9),
    s: sureOfSecond(1e-9),
    alpha: 0.9,
    steps: 1,
    text: "This bound fails here: on the logit path KL(p‖q) = 16.6 nats, where the probability path could never exceed −log 0.1 = 2.3.",
    claims: ["10"],
  },
  {
    id: "converse",
    label: "Where the probability path fails",
    tokens: letters,
    p: sureOfFirst(1e-12),
    s: two(0.5, 0.5),
    alpha: 0.5,
    steps: 1,
    text: "This bound fails here, on the probability path: s likes what p had ruled out, so KL(q‖p) = 6.35 nats > KL(p‖s) = 0.69. On the logit path it is a theorem.",
    claims: ["2c"],
  },
  {
    id: "steps",
    label: "Many steps: what is left to go",
    tokens: letters,
    p: sureOfFirst(1e-12),
    s: sureOfSecond(1e-3),
    alpha: 0.5,
    steps: 2,
    text: "This bound fails here: two logit steps of ½ should leave a quarter of KL(p‖s), 1.7 nats from s; they leave 5.4, less on the probability path.",
    claims: ["3"],
  },
  {
    id: "sum",
    label: "Bounds of steps do not add up",
    tokens: letters,
    p: sureOfFirst(1e-9),
    s: sureOfSecond(1e-9),
    alpha: 0.3,
    steps: 6,
    text: "This bound fails here: KL(p_0‖p_T) is many times what the steps add up to. To bound a whole run, use the total weight.",
    claims: ["15", "16"],
  },
  {
    id: "loss",
    label: "A small loss certifies nothing",
    tokens: letters,
    p: two(0.9, 0.1),
    s: sureOfFirst(1e-12),
    landed: logs(1, 1e-15, NEVER),
    alpha: 0.9,
    steps: 1,
    text: "This bound fails here: the training loss KL(q‖p′) is 10⁻¹⁰ nats, and yet the step is longer than its bound. What q all but rules out, the loss does not watch; δ does.",
    claims: ["20c", "20"],
  },
];

export const presets: readonly Preset[] = [...explanations, ...counterexamples];

/** The presets as people choose among them. */
export const presetGroups: readonly {
  readonly label: string;
  readonly presets: readonly Preset[];
}[] = [
  { label: "What anchoring does", presets: explanations },
  { label: "Where a bound fails", presets: counterexamples },
];

export const findPreset = (id: string): Preset | undefined => presets.find((one) => one.id === id);
