import { expect, test } from "vitest";
import { display } from "../../../src/cli/finetune/display.ts";
import type { LookEvent, StepEvent } from "../../../src/finetune/train/events.ts";

/** A terminal of some width, or a log; the clock stands where it is set. */
function shown(isTTY: boolean, columns = 200) {
  const written: string[] = [];
  const clock = { now: 0 };
  const write = (text: string): boolean => {
    written.push(text);
    return true;
  };
  const err = { write, once: () => undefined, isTTY, columns };
  return { written, clock, show: display(err, () => clock.now) };
}

const step = (number: number, more: Partial<StepEvent> = {}): StepEvent => ({
  ...{ kind: "step", stage: "sft", step: number, steps: 10, loss: 1.5, gradientNorm: 1 },
  ...{ learningRate: 1e-4, tokens: 100, responseTokens: 50, ...more },
});

const look = (more: Partial<LookEvent> = {}): LookEvent => ({
  ...{ kind: "look", stage: "sft", step: 4, set: "retain", kl: 0.25, logLoss: 2 },
  ...{ perplexity: Math.exp(2), ...more },
});

test("a terminal sees loss, speed, what is left, and when the last look was taken", () => {
  const { written, clock, show } = shown(true);
  show.step(step(1));
  clock.now = 4000;
  show.look(look());
  show.step(step(5));
  expect(written.at(-1)).toBe(
    "\r\x1b[K  sft 50 % · step 5/10 · 5.0 s left · loss 1.500 · retain KL 0.250 (step 4) · 25 tokens/s",
  );
  show.step(step(1, { stage: "anchored", outer: 0 }));
  expect(written.at(-1)).toContain("loss 1.500 · retain KL 0.250 (sft) · outer 1");
});

test("no more pictures than an eye needs, but the last step", () => {
  const { written, clock, show } = shown(true);
  for (const number of [1, 2, 3]) show.step(step(number));
  expect(written).toHaveLength(1);
  show.step(step(10));
  expect(written).toHaveLength(2);
  clock.now += 1000;
  show.step(step(3));
  expect(written).toHaveLength(3);
});

test("a narrow terminal's line ends with a whole part, and is not wrapped", () => {
  const { written, show } = shown(true, 20);
  show.step(step(1));
  expect(written[0]).toBe("\r\x1b[K  sft 10 %");
});

test("a log gets whole lines without control characters", () => {
  const { written, clock, show } = shown(false);
  show.step(step(1));
  clock.now = 5000;
  show.step(step(2));
  clock.now = 11_000;
  show.step(step(3));
  show.look(look({ set: "eval", exact: 0.5, changed: 1 }));
  show.certificate({
    ...{ kind: "certificate", outer: 0, alpha: 0.25, targets: "hidden", linear: true },
    ...{ tokens: 1, held: 1, mean: { stepKl: 0.125, bound: 0.5, delta: 0.0625 } },
    ledger: { path: -1.2, inexactness: 0.0312 },
  } as Parameters<typeof show.certificate>[0]);
  show.certificate({
    ...{ kind: "certificate", outer: 1, alpha: 0.25, targets: "hidden", linear: true },
    ...{ tokens: 1, held: 1, mean: { stepKl: 4.44e-5, bound: 6e-4, delta: -2e-6 } },
  } as Parameters<typeof show.certificate>[0]);
  show.end();
  const text = written.join("");
  expect([...text].filter((c) => c !== "\n" && c < " ")).toEqual([]);
  expect(text.split("\n")).toEqual([
    "  sft 10 % · step 1/10 · loss 1.500",
    expect.stringMatching(/^ {2}sft 30 % · step 3\/10/),
    "✓ sft          eval   log-loss 2.000 · KL 0.250 · exact 50 % · changed 100 %",
    "✓ outer step 1, α = 0.25: moved 0.125 · bound 0.500 (25 %) · δ 0.063 (50 %)",
    "  Log-loss of the training answers: −1.169 nats a token, of which exact steps",
    "  make −1.200 and the inner loops' errors +0.031.",
    "✓ outer step 2, α = 0.25: moved 4.4e-5 · bound 6.0e-4 (7 %) · δ -2.0e-6 (-5 %)",
    "",
  ]);
});

test("steps of an SFT that is there already were not made now, and have no speed", () => {
  const { written, clock, show } = shown(true);
  show.reused("sft.safetensors");
  show.step(step(1));
  clock.now = 1;
  show.step(step(10));
  expect(written).toEqual(["\r\x1b[K", "SFT is there already: sft.safetensors\n"]);
  show.step(step(1, { stage: "anchored" }));
  expect(written.at(-1)).toContain("anchored 10 %");
});
