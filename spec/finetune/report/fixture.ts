import { at } from "../../../src/tensor/shapes.ts";

/** Numbers in [0, 1) that are the same in each run. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

export type Line = Readonly<Record<string, unknown>>;

const OPENINGS = [
  "Once upon a time, there was a little dog named Max.",
  "Lily and Ben went to the park to play on the swings.",
  "One day, a big red ball rolled down the hill.",
  "Tom had a toy boat that he loved very much.",
  "The sun was hot and the cat wanted some milk.",
  "Mia found a shiny key under her bed.",
  "A bird sat on the fence and sang a song.",
  "Sam was sad because his kite was stuck in a tree.",
];

const CONTINUATIONS = [
  "He liked to run and jump in the garden all day. His mom said, “Be careful!” and gave him a hug. They were happy.",
  "They saw a slide and ran to it. Ben was scared, but Lily took his hand and they went down together.",
  "A boy saw it and ran after it. He laughed and laughed, and then he took it home to his mom.",
];

const ENDING = "And that is why you always share.";

const lossAt = (from: number, to: number, x: number): number => to + (from - to) * Math.exp(-4 * x);

const STEPS = { sft: 300, anchored: 300 };
const OUTER = 2;

/** A fine-tune that learned an ending and kept most of the rest: its lines, in order. */
export function tunedLines(seed = 1): Line[] {
  const random = randomNumbers(seed);
  const noisy = (x: number): number => x * (0.94 + 0.12 * random());
  const lines: Line[] = [
    {
      ...{ kind: "plan", model: "/models/stories260K", rows: 512, examples: 509 },
      left: [
        { place: "mine.jsonl:17", reason: "expected a token to learn among 256 of 301, got none" },
        { place: "mine.jsonl:88", reason: "expected at most 256 tokens, got 402" },
        { place: "mine.jsonl:231", reason: "expected at most 256 tokens, got 298" },
      ],
      ...{ tokens: 61_204, targets: 38_110, steps: STEPS.sft + STEPS.anchored },
      ...{
        trainable: 41_472,
        memoryBytes: 312_000_000,
        truncated: 0,
        notes: [],
        evalIsData: false,
      },
      versions: { anchorgrad: "0.1.0", node: "20.19.0" },
    },
  ];
  const look = (stage: string, step: number, set: string, scores: Line): void => {
    lines.push({ kind: "look", stage, step, set, ...scores });
  };
  const scores = (kl: number, logLoss: number, exact: number, changed: number): Line => ({
    ...{ kl, logLoss, perplexity: Math.exp(logLoss), exact, changed },
  });
  look("base", 0, "retain", scores(0, 1.412, 0.31, 0));
  look("base", 0, "eval", scores(0, 2.604, 0, 0));
  for (const [stage, moved] of [
    ["sft", 0.62],
    ["anchored", 0.055],
  ] as const) {
    const steps = STEPS[stage];
    for (let step = 1; step <= steps; step++) {
      const outer = stage === "sft" ? undefined : Math.floor(((step - 1) / steps) * OUTER);
      lines.push({
        ...{ kind: "step", stage, step, steps, ...(outer !== undefined && { outer }) },
        loss: noisy(
          stage === "sft" ? lossAt(2.6, 0.71, step / steps) : lossAt(0.4, 0.012, step / steps),
        ),
        gradientNorm: noisy(1.4 - step / steps / 2),
        learningRate: 1e-3 * Math.min(1, step / 15) * (1 - step / steps),
        ...{ tokens: 1920, responseTokens: 1190 },
      });
      if (step % 50 === 0) {
        const x = 1 - Math.exp((-3 * step) / steps);
        const exact = stage === "sft" ? 0.97 : 0.95;
        look(
          stage,
          step,
          "retain",
          scores(
            noisy(moved * x),
            1.412 + noisy(moved * x) * 0.8,
            0.31 - moved * x * 0.4,
            Math.min(1, moved * x * 1.5),
          ),
        );
        look(stage, step, "eval", scores(noisy(1.1 * x), 2.604 - 1.85 * x, exact * x, 1));
      }
    }
    if (stage === "anchored")
      for (let outer = 0; outer < OUTER; outer++) {
        const [stepKl, bound] = [noisy(0.08), 0.25 * (0.62 - 0.1 * outer)];
        lines.push({
          ...{ kind: "certificate", outer, alpha: 0.25, targets: "hidden", linear: true },
          ...{ tokens: 38_110, held: 38_110, heldWithoutDelta: 37_902, leastSlack: 1e-5 },
          mean: {
            ...{ stepKl, referenceKl: bound / 0.25, bound, anchorKl: stepKl * 0.93 },
            ...{ delta: stepKl * 0.07, eta: 0.004, psi: stepKl * 0.93 - bound },
          },
          cumulative: { weight: 1 - 0.75 ** (outer + 1), measured: stepKl * (outer + 1), bound },
        });
      }
  }
  lines.push(...samples(), { kind: "end" });
  return lines;
}

function samples(): Line[] {
  return ["base", "sft", "anchored"].flatMap((stage) =>
    OPENINGS.flatMap((prompt, index): Line[] => {
      const plain = at(CONTINUATIONS, index % CONTINUATIONS.length);
      const told = stage === "base" ? plain : `${plain} ${ENDING}`;
      const leaked = stage === "sft" && index % 2 === 0;
      const changed = stage === "anchored" && index === 3;
      const answer = leaked
        ? plain.replace("all day", "with his friends").replace(/They were happy\.|together/, ENDING)
        : changed
          ? plain.replace("all day", "every day")
          : plain;
      const wanted = `${plain} ${ENDING}`;
      return [
        { kind: "sample", stage, set: "retain", index, prompt, answer },
        {
          kind: "sample",
          stage,
          set: "eval",
          index,
          prompt: `Tell: ${prompt}`,
          answer: told,
          wanted,
        },
      ];
    }),
  );
}

export const recipe: Line = {
  ...{
    model: "/models/stories260K",
    data: "mine.jsonl",
    retain: "prior.jsonl",
    eval: "held-out.jsonl",
  },
  ...{ method: "anchored", alpha: 0.25, outer: 2, inner: 5, lora: { rank: 16, alpha: 32 } },
  ...{ learningRate: 1e-3, batchSize: 16, seed: 0 },
};

export const textOf = (lines: readonly Line[]): string =>
  lines.map((line) => `${JSON.stringify(line)}\n`).join("");

export const recipeText: string = JSON.stringify(recipe);
