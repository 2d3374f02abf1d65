import { DataError } from "../tensor/errors.ts";
import { expectFlags, expectKnown, expectOneOf } from "../tensor/options.ts";
import { at } from "../tensor/shapes.ts";
import { shown } from "./jsonl.ts";
import { type Labelled, type LabelOptions, labelRow } from "./labels.ts";
import { type Packing, pack } from "./packing.ts";
import type { Row } from "./shapes.ts";

/** A sequence to train on. */
export interface TextExample extends Labelled {
  /** With packing: which row each token is of, from 1. Attention stays within a row, positions
   * start again with it, and its first token is no target. */
  readonly segments?: readonly number[];
}

/** How long an example of tokens may be, and which of them are learnt. */
export interface ExampleOptions extends LabelOptions {
  /** Most tokens a sequence may have; by default as many as it has. */
  readonly maxLength?: number | undefined;
  /** What happens to longer rows: their start or end is kept, or they are left out; default
   * "keepStart". */
  readonly truncation?: "keepStart" | "keepEnd" | "drop" | undefined;
  /** Whether rows share sequences of `maxLength`; true is "bestFit". Default: a row a sequence. */
  readonly packing?: Packing | boolean | undefined;
  /** The tokens that end an answer, by default the tokenizer's; a note tells if none is learnt. */
  readonly stopTokens?: readonly number[] | undefined;
}

/** A row that is not trained on. */
export interface Left {
  readonly place: string;
  readonly reason: string;
}

/** Rows as the trainer takes them. */
export interface EncodedRows {
  readonly examples: readonly TextExample[];
  /** The rows that truncation left without a target. */
  readonly left: readonly Left[];
  /** How many rows were cut. */
  readonly truncated: number;
  /** Over all examples. */
  readonly tokens: number;
  /** How many of those are learnt. */
  readonly targets: number;
  /** What may be wrong with the data as a whole. */
  readonly notes: readonly string[];
}

function cut({ tokens, mask }: Labelled, maxLength: number, keep: "keepStart" | "keepEnd") {
  if (keep === "keepStart")
    return { tokens: tokens.slice(0, maxLength), mask: mask.slice(0, maxLength) };
  // What is first now has nothing in front to be predicted from.
  const end = mask.slice(-maxLength);
  return { tokens: tokens.slice(-maxLength), mask: [0 as const, ...end.slice(1)] };
}

const packed = (rows: readonly Labelled[], maxLength: number, packing: Packing): TextExample[] =>
  pack(
    rows.map(({ tokens }) => tokens.length),
    maxLength,
    packing,
  ).map((bin) => {
    const parts = bin.map((i) => at(rows, i));
    return {
      tokens: parts.flatMap(({ tokens }) => tokens),
      mask: parts.flatMap(({ mask }) => mask),
      segments: parts.flatMap(({ tokens }, k) => tokens.map(() => k + 1)),
    };
  });

function checkOptions(options: ExampleOptions): void {
  expectKnown("encodeRows", options, [
    ...(["tokenizer", "chat", "assistantOnly", "completionOnly", "maxLength"] as const),
    ...(["truncation", "packing", "stopTokens"] as const),
  ]);
  const { maxLength, packing, truncation = "keepStart", tokenizer, stopTokens } = options;
  if (typeof Object(tokenizer).encode !== "function")
    throw new TypeError(
      `encodeRows: expected a tokenizer, such as loadTokenizer({ … }), got ${shown(tokenizer)}`,
    );
  if (stopTokens !== undefined && !Array.isArray(stopTokens))
    throw new TypeError(`encodeRows: expected a list of stopTokens, got ${shown(stopTokens)}`);
  const { assistantOnly, completionOnly } = options;
  expectFlags("encodeRows", { assistantOnly, completionOnly });
  expectOneOf("encodeRows: truncation", truncation, ["keepStart", "keepEnd", "drop"]);
  if (typeof packing !== "boolean" && packing !== undefined)
    expectOneOf("encodeRows: packing", packing, ["bestFit", "sequential"]);
  if (maxLength !== undefined && !(Number.isInteger(maxLength) && maxLength >= 2))
    throw new RangeError(`encodeRows: expected a maxLength of 2 or more, got ${maxLength}`);
  if (packing && maxLength === undefined)
    throw new RangeError("encodeRows: expected a maxLength for packing, got none");
}

const count = (examples: readonly TextExample[], of: (example: TextExample) => number): number =>
  examples.reduce((sum, example) => sum + of(example), 0);

function encode(rows: readonly Row[], options: ExampleOptions): EncodedRows {
  checkOptions(options);
  if (!Array.isArray(rows))
    throw new TypeError(`encodeRows: expected rows, such as rowsOf(…), got ${shown(rows)}`);
  const { maxLength = Infinity, truncation = "keepStart", packing, tokenizer } = options;
  const { stopTokens = tokenizer.eos === undefined ? [] : [tokenizer.eos] } = options;
  const kept: Labelled[] = [];
  const left: Left[] = [];
  let truncated = 0;
  for (const row of rows) {
    const whole = labelOf(row, options);
    const { length } = whole.tokens;
    if (length <= maxLength) {
      kept.push(whole);
      continue;
    }
    if (truncation === "drop") {
      left.push({
        place: row.place,
        reason: `expected at most ${maxLength} tokens, got ${length}`,
      });
      continue;
    }
    const rest = cut(whole, maxLength, truncation);
    if (rest.mask.includes(1)) {
      kept.push(rest);
      truncated++;
    } else
      left.push({
        place: row.place,
        reason: `expected a token to learn among ${maxLength} of ${length}, got none`,
      });
  }
  const examples = packing ? packed(kept, maxLength, packing === true ? "bestFit" : packing) : kept;
  const stops = new Set(stopTokens);
  const ends = ({ tokens, mask }: Labelled): boolean =>
    tokens.some((id, i) => mask[i] === 1 && stops.has(id));
  const notes =
    stops.size > 0 && kept.length > 0 && !kept.some(ends)
      ? [`no token of ${[...stops].join(", ")} is learnt: the model will not learn to stop`]
      : [];
  return {
    examples,
    left,
    truncated,
    tokens: count(examples, ({ tokens }) => tokens.length),
    targets: count(examples, ({ mask }) => mask.filter((m) => m === 1).length),
    notes,
  };
}

function labelOf(row: Row, options: ExampleOptions): Labelled {
  try {
    return labelRow(row, options);
  } catch (error) {
    throw error instanceof DataError
      ? new DataError(`encodeRows: ${row?.place ?? "a row"}: ${error.message}`)
      : error;
  }
}

/**
 * Rows of text as tokens and targets: see `labelRow` for what is learnt. Longer rows are cut, and
 * left out if that cuts every target.
 * @param rows as `rowsOf` gives them, a promise for a promise
 * @throws DataError naming the row that has nothing to learn, or whose targets are not certain;
 *   RangeError for a broken `maxLength`
 * @example
 * const { examples, left } = encodeRows(rows, { tokenizer, chat, maxLength: 512 });
 */
export function encodeRows(rows: readonly Row[], options: ExampleOptions): EncodedRows;
export function encodeRows(
  rows: Promise<readonly Row[]>,
  options: ExampleOptions,
): Promise<EncodedRows>;
export function encodeRows(
  rows: readonly Row[] | Promise<readonly Row[]>,
  options: ExampleOptions,
): EncodedRows | Promise<EncodedRows>;
export function encodeRows(
  rows: readonly Row[] | Promise<readonly Row[]>,
  options: ExampleOptions,
): EncodedRows | Promise<EncodedRows> {
  return rows instanceof Promise ? rows.then((all) => encode(all, options)) : encode(rows, options);
}
