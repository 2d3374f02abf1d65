import type { Example } from "../anchored/index.ts";
import { DataError } from "../tensor/errors.ts";
import { fold, key, permutation } from "../tensor/random.ts";
import { type EncodedRows, type ExampleOptions, encodeRows } from "../text/examples.ts";
import { type DataFile, rowsOf } from "../text/rows.ts";
import type { Row } from "../text/shapes.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { type PromptResponse, promptOf, sequenceOf, spansOf } from "../train/examples.ts";
import type { LoadedModel } from "./load.ts";
import { type FinetuneRecipe, replays, riskOf } from "./recipe.ts";
import type { SetName } from "./train/events.ts";
import { type RetainedHalves, retainedNotes, splitRetained } from "./train/retained.ts";
import { keys } from "./train/training.ts";

/** A prompt that is answered greedily. */
export interface Prompt {
  readonly tokens: readonly number[];
  readonly text: string;
  /** The answer that the row gives, where it is one. */
  readonly wanted?: string;
}

/** Rows that are only looked at. */
export interface LookSet {
  readonly name: SetName;
  readonly examples: readonly Example[];
  readonly prompts: readonly Prompt[];
  /** Whether the base's own answers to the prompts are looked at in place of the examples. */
  readonly ofBase: boolean;
}

/** The rows of a fine-tune as tokens. */
export interface FinetuneData {
  readonly rows: number;
  readonly train: EncodedRows;
  /** Prior rows that are trained on. */
  readonly replay: readonly Example[];
  readonly sets: readonly LookSet[];
  /** Prompts whose answers are to be kept, where a risk is asked for. */
  readonly retained?: RetainedHalves;
  readonly evalIsData: boolean;
}

/** The files of a recipe: paths (Node), or names and what they hold. */
export interface DataFiles {
  readonly data: string | DataFile;
  readonly retain: string | DataFile | undefined;
  readonly eval: string | DataFile | undefined;
}

/**
 * Reads the rows of a recipe.
 * @throws DataError naming the file and the row that cannot be used, or a model without a tokenizer
 */
export async function readData(
  recipe: FinetuneRecipe,
  loaded: Pick<LoadedModel, "folder" | "base" | "tokenizer" | "chat" | "stopTokens">,
  files: DataFiles,
): Promise<FinetuneData> {
  const { tokenizer, chat, stopTokens } = loaded;
  if (!tokenizer)
    throw new DataError(`${loaded.folder}: expected a tokenizer.json to read texts with, got none`);
  // The last token predicts nothing: as many positions as the context has, and one token more.
  const maxLength = Math.min(recipe.maxLength, loaded.base.config.contextLength);
  const options = { tokenizer, chat, maxLength, stopTokens };
  const given = await rowsOf(files.data);
  const { rows, heldOut } = parted(given, recipe, nameOf(files.data));
  const train = encodeRows(rows, { ...options, packing: recipe.packing === "rows" });
  if (train.examples.length === 0)
    throw new DataError(
      `${nameOf(files.data)}: expected rows with something to learn among ${maxLength} tokens, got none`,
    );
  const all = files.retain === undefined ? undefined : await rowsOf(files.retain);
  const risk = riskOf(recipe);
  const { contextLength } = loaded.base.config;
  const room = contextLength - Math.min(recipe.newTokens, Math.floor(contextLength / 2));
  const retained =
    all && risk && files.retain !== undefined
      ? splitRetained(askedIn(all, options), {
          seed: recipe.seed,
          risk,
          room,
          path: nameOf(files.retain),
        })
      : undefined;
  // What audits is not looked at.
  const retain = retained ? retained.plan.map(({ row }) => row) : all;
  const evaluated = heldOut ?? (files.eval === undefined ? rows : await rowsOf(files.eval));
  // Texts of the base's own come later: what stands for them is as long.
  const prior = (): readonly Example[] =>
    recipe.replayFrom === "base" ? train.examples : encodeRows(retain ?? [], options).examples;
  const setOf = (name: SetName, of: readonly Row[], ofBase: boolean): LookSet =>
    lookSet(name, of.slice(0, recipe.lookRows), ofBase, { recipe, options });
  const notes = [
    ...(heldOut ? [`held out of the data, and only looked at: ${heldOut.length} rows`] : []),
    ...(retained && risk ? retainedNotes(retained, risk) : []),
  ];
  return {
    rows: rows.length,
    train: { ...train, notes: [...train.notes, ...notes] },
    ...(retained && { retained }),
    replay: replays(recipe) ? prior() : [],
    sets: [
      ...(retain ? [setOf("retain", retain, recipe.retainAnswers === "base")] : []),
      setOf("eval", evaluated, false),
    ],
    evalIsData: evaluated === rows,
  };
}

/** Rows to learn, and those that are held out of them by chance, where the recipe asks for it. */
function parted(
  rows: readonly Row[],
  { evalShare, seed }: FinetuneRecipe,
  name: string,
): { readonly rows: readonly Row[]; readonly heldOut?: readonly Row[] } {
  if (evalShare === undefined) return { rows };
  const count = Math.ceil(evalShare * rows.length);
  if (count === rows.length)
    throw new DataError(`${name}: expected rows to learn beside ${count} held out, got none`);
  const order = permutation(fold(key(seed), keys.heldOut), rows.length);
  const held = new Set(order.slice(0, count));
  return {
    rows: rows.filter((_, i) => !held.has(i)),
    heldOut: rows.filter((_, i) => held.has(i)),
  };
}

const nameOf = (file: string | DataFile): string => (typeof file === "string" ? file : file.name);

interface Looking {
  readonly recipe: FinetuneRecipe;
  readonly options: ExampleOptions;
}

function lookSet(
  name: SetName,
  rows: readonly Row[],
  ofBase: boolean,
  { recipe, options }: Looking,
): LookSet {
  const encoded = rows.flatMap((row) => {
    const [example] = encodeRows([row], options).examples;
    return example ? [{ row, example }] : [];
  });
  if (encoded.length === 0)
    throw new DataError(
      `${rows[0]?.place ?? name}: expected rows to look at, got none with an answer`,
    );
  const asked = ofBase ? encoded : encoded.slice(0, recipe.samples);
  return {
    name,
    examples: encoded.map(({ example }) => example),
    prompts: asked.map(({ row, example }) => promptIn(row, example, options.tokenizer, ofBase)),
    ofBase,
  };
}

interface Asked extends PromptResponse {
  readonly row: Row;
}

/** Rows as prompts and what follows them; those with neither are left out. */
const askedIn = (rows: readonly Row[], options: ExampleOptions): Asked[] =>
  rows.flatMap((row) => {
    const [example] = encodeRows([row], options).examples;
    if (!example) return [];
    const { tokens } = sequenceOf(example);
    const length = row.kind === "text" ? halfOf(tokens.length) : promptOf(example).length;
    const end = row.kind === "text" ? tokens.length : (spansOf(example)[0]?.[1] ?? 0) + 1;
    if (length === 0 || end <= length) return [];
    return [{ row, prompt: tokens.slice(0, length), response: tokens.slice(length, end) }];
  });

const halfOf = (length: number): number => Math.max(1, Math.ceil(length / 2));

/** A text that has no answer of its own is asked for by its first half, or all of it. */
function promptIn(row: Row, example: Example, tokenizer: Tokenizer, ofBase: boolean): Prompt {
  const show = (ids: readonly number[]): string =>
    tokenizer.decode(ids, { skipSpecialTokens: true });
  if (row.kind === "text") {
    const { tokens } = sequenceOf(example);
    const whole = tokens.at(-1) === tokenizer.eos ? tokens.slice(0, -1) : tokens;
    const asked = ofBase ? whole : whole.slice(0, halfOf(whole.length));
    return { tokens: asked, text: show(asked) };
  }
  const tokens = promptOf(example);
  const [span] = spansOf(example);
  const answer = span ? sequenceOf(example).tokens.slice(span[0] + 1, span[1] + 1) : [];
  return { tokens, text: show(tokens), wanted: show(answer) };
}
