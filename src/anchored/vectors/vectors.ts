import { createEngine } from "../../engines/create.ts";
import { key } from "../../tensor/random.ts";
import { type Method, objectives } from "../objectives/methods.ts";
import { inputsOf, settingsOf, type VectorInputs, type VectorSettings, variants } from "./cases.ts";
import { evaluateVector, type VectorResult } from "./evaluate.ts";
import { type Formula, formulas } from "./formulas.ts";

/** A loss, on which inputs, and what it makes of them. */
export interface LossVector extends Formula, VectorResult {
  readonly method: Method;
  /** All that shapes the loss, `tau` apart, without which the method chooses itself. */
  readonly settings: VectorSettings;
  readonly inputs: VectorInputs;
}

/** Losses and gradients with which other programs can check theirs. */
export interface LossVectors {
  /** Of this form; the number grows where a reader would have to change. */
  readonly schema: "anchorgrad/loss-vectors/1";
  readonly about: string;
  readonly vectors: readonly LossVector[];
}

const ABOUT =
  "Losses of fine-tuning methods and their gradients in the student's logits, in float64. A loss is " +
  "the mean over the tokens of the mask, nats a token, unless its formula says otherwise. Notation: y " +
  "the label, p the student (logits), b the base (baseLogits), s the fine-tuned reference " +
  "(referenceLogits), o the student as it was (snapshotLogits), q the anchor; sg stops the gradient; " +
  "a temperature divides all logits of its term. A sequence is a row of the batch, and only the " +
  "tokens of the mask belong to it.";

/** Decides the numbers; another one would be another file. */
const SEED = 1500;

const isMethod = (name: string): name is Method => Object.hasOwn(objectives, name);

/**
 * Test vectors of every method: the same bits on every machine.
 * @example writeFileSync("vectors.json", JSON.stringify(await lossVectors()));
 */
export async function lossVectors(): Promise<LossVectors> {
  await using engine = await createEngine({ backend: "reference" });
  const vectors: LossVector[] = [];
  for (const [i, method] of Object.keys(objectives).filter(isMethod).entries()) {
    const inputs = inputsOf(method, key(SEED + i));
    for (const said of variants[method]) {
      const settings = settingsOf(method, said);
      const asked = { method, settings, inputs };
      const result = await evaluateVector(engine, asked);
      vectors.push({ method, ...formulas[method], settings, inputs, ...result });
    }
  }
  return { schema: "anchorgrad/loss-vectors/1", about: ABOUT, vectors };
}
