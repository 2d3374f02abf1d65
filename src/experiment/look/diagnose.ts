import { targetOf } from "../../anchored/objectives/kinds.ts";
import { flipOf, likeliestOf } from "../../anchored/targets/flips.ts";
import { interpolateRow } from "../../anchored/targets/hostRows.ts";
import { responseReader } from "../../anchored/targets/responseRows.ts";
import type { Engine } from "../../engines/engine.ts";
import { DataError } from "../../tensor/errors.ts";
import type { PromptResponse } from "../../train/examples.ts";
import { keysOf, studyData } from "../data.ts";
import type { Certified, Measurement } from "../measurements.ts";
import { modelOf } from "../model.ts";
import {
  baseOf,
  type RowRecipe,
  referenceOf,
  type TuningSettings,
  weightsName,
} from "../recipe.ts";
import type { RunDirectory } from "../runs/run.ts";
import { type LogProbRows, logProbRows, rowOf, tokensOf } from "./closeness.ts";
import { type Diagnosis, type TokenKind, tokenKinds } from "./diagnosis.ts";

/** How one row of the run did what its anchor's weight predicts. */
export interface RowCheck {
  readonly row: RowRecipe;
  /** 1 − Π(1 − α_t) over its outer steps. */
  readonly weight: number;
  readonly kinds: Readonly<Record<TokenKind, KindCheck>>;
}

/** Whether students went where their anchors were, at the tokens of one kind. */
export interface KindCheck {
  /** Share of the disputed tokens that the anchor of that weight, and the student, has on p_sft's
   * side; undefined where nothing is disputed. */
  readonly predicted: number | undefined;
  readonly trained: number | undefined;
  /** Share of all tokens, and of the disputed ones, at which the student's likeliest token is the
   * anchor's. */
  readonly agreement: number;
  readonly disputedAgreement: number | undefined;
}

/** What `diagnose` found of one seed of a run. */
export interface SeedDiagnosis {
  readonly diagnosis: Diagnosis;
  /** The rows with a frozen anchor between distributions whose weights the run has kept. */
  readonly rows: readonly RowCheck[];
}

/** What a run's base and p_sft say at the tokens of each kind, and its anchored rows after them.
 * @throws DataError where the run has not kept the weights of its base or of p_sft */
export async function diagnose(
  engine: Engine,
  { config: { recipe }, checkpoints, measurements }: RunDirectory,
  seed: number,
): Promise<SeedDiagnosis> {
  const { fineTuning } = recipe;
  const model = modelOf(recipe);
  const read = responseReader(engine, model, fineTuning.batchSize);
  const data = studyData(recipe, keysOf(seed));
  const prior = Object.values(data.skills).flat();
  const weightsOf = async (id: string) => (await checkpoints.load(weightsName(seed, id)))?.tensors;

  async function look(id: string): Promise<Looked | undefined> {
    const params = await weightsOf(id);
    if (!params) return undefined;
    const rows = async (examples: readonly PromptResponse[]): Promise<LogProbRows> =>
      logProbRows(await read(params, examples));
    return { training: await rows(data.training), prior: await rows(prior) };
  }
  const needed = async (id: string): Promise<Looked> => {
    const looked = await look(id);
    if (!looked)
      throw new DataError(`diagnose: expected the weights of ${id} of seed ${seed}, got none`);
    return looked;
  };

  const isSignOff = signOffIn(data.training, fineTuning.signOff);
  const base = await needed(baseOf(recipe).id);
  const reference = await needed(recipe.reference);
  /** p_sft of a row that has one of its own. */
  const teachers = new Map([[recipe.reference, reference]]);
  const teacherOf = async (row: RowRecipe): Promise<Looked> => {
    const id = referenceOf(recipe, row.id)?.id ?? recipe.reference;
    const teacher = teachers.get(id) ?? (await needed(id));
    teachers.set(id, teacher);
    return teacher;
  };
  const rows: RowCheck[] = [];
  for (const row of recipe.rows) {
    const weight = weightReached(row, seed, measurements);
    const student = weight === undefined ? undefined : await look(row.id);
    if (weight === undefined || !student) continue;
    const { interpolation = "logit" } = row as TuningSettings;
    const anchor = interpolateRow(interpolation, weight);
    const teacher = await teacherOf(row);
    rows.push({ row, weight, kinds: checkKinds(anchor, base, teacher, student, isSignOff) });
  }
  return { diagnosis: thresholdsOf(base, reference, isSignOff), rows };
}

/** What a model says at the response tokens of fine-tuning and of the prior skills. */
interface Looked {
  readonly training: LogProbRows;
  readonly prior: LogProbRows;
}

type IsSignOff = (trainingToken: number) => boolean;

/** The last tokens of each response: the sign-off and the stop token after it. */
function signOffIn(examples: readonly PromptResponse[], signOff: number): IsSignOff {
  const alien = examples.flatMap(({ response }) =>
    response.map((_, i) => signOff > 0 && i >= response.length - 1 - signOff),
  );
  return (token) => alien[token] === true;
}

/** The tokens of each kind: which rows, and which of their tokens. */
const places: Readonly<
  Record<TokenKind, { readonly part: keyof Looked; readonly signOff?: boolean }>
> = {
  target: { part: "training", signOff: false },
  "sign-off": { part: "training", signOff: true },
  prior: { part: "prior" },
};

function tokensAt(kind: TokenKind, looked: Looked, isSignOff: IsSignOff): number[] {
  const { part, signOff } = places[kind];
  const all = Array.from({ length: tokensOf(looked[part]) }, (_, token) => token);
  return signOff === undefined ? all : all.filter((token) => isSignOff(token) === signOff);
}

const everyKind = <T>(make: (kind: TokenKind) => T): Readonly<Record<TokenKind, T>> =>
  Object.fromEntries(tokenKinds.map((kind) => [kind, make(kind)])) as Record<TokenKind, T>;

const thresholdsOf = (base: Looked, reference: Looked, isSignOff: IsSignOff): Diagnosis =>
  everyKind((kind) => {
    const { part } = places[kind];
    const tokens = tokensAt(kind, base, isSignOff);
    const thresholds = tokens.flatMap((token) => {
      const { from, to, leaves, arrives } = flipOf(
        rowOf(base[part], token),
        rowOf(reference[part], token),
      );
      return from === to ? [] : [kind === "target" ? arrives : leaves];
    });
    return { tokens: tokens.length, thresholds: thresholds.sort((a, b) => a - b) };
  });

function checkKinds(
  anchor: ReturnType<typeof interpolateRow>,
  base: Looked,
  reference: Looked,
  student: Looked,
  isSignOff: IsSignOff,
): RowCheck["kinds"] {
  const between = new Float64Array(base.prior.vocabSize);
  return everyKind((kind) => {
    const { part } = places[kind];
    const sums = { tokens: 0, disputed: 0, predicted: 0, trained: 0, same: 0, disputedSame: 0 };
    for (const token of tokensAt(kind, base, isSignOff)) {
      const [p, s, z] = [base, reference, student].map((rows) => rowOf(rows[part], token)) as [
        Float64Array,
        Float64Array,
        Float64Array,
      ];
      anchor(p, s, between);
      const [from, to, wanted, said] = [p, s, between, z].map(likeliestOf);
      const flipped = (token: number | undefined): number =>
        Number(kind === "target" ? token === to : token !== from);
      sums.tokens++;
      sums.same += Number(wanted === said);
      if (from === to) continue;
      sums.disputed++;
      sums.disputedSame += Number(wanted === said);
      sums.predicted += flipped(wanted);
      sums.trained += flipped(said);
    }
    const ofDisputed = (sum: number) => (sums.disputed === 0 ? undefined : sum / sums.disputed);
    return {
      predicted: ofDisputed(sums.predicted),
      trained: ofDisputed(sums.trained),
      agreement: sums.same / sums.tokens,
      disputedAgreement: ofDisputed(sums.disputedSame),
    };
  });
}

/** The weight that a row's outer steps reached, by their certificates; undefined for rows whose
 * anchor is none between the distributions of data. */
function weightReached(
  row: RowRecipe,
  seed: number,
  measurements: readonly Measurement[],
): number | undefined {
  if (targetOf(row.method) !== "anchor") return undefined;
  const steps = measurements.filter(
    (m): m is Certified => m.kind === "certificate" && m.seed === seed && m.row === row.id,
  );
  if (steps.length === 0) return undefined;
  return 1 - steps.reduce((left, { alpha }) => left * (1 - alpha), 1);
}
