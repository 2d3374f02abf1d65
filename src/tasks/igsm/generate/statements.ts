import { chance, integer, pick, type Stream, sample } from "../../draw.ts";
import type { Constant, Statement } from "../problem.ts";
import type { Lexicon } from "../words/lexicon.ts";
import type { Operands } from "./dependency.ts";
import type { SentenceOrder } from "./options.ts";
import { shuffled } from "./random.ts";
import type { Graph } from "./structure.ts";

/** A sentence about an instance, its operators and its number drawn at random. */
export function drawStatement(
  next: Stream,
  { ids }: Graph,
  node: number,
  { parents, number }: Operands,
  modulus: number,
): Statement {
  const operands = shuffled(next, parents).map((parent) => ids[parent] as string);
  const constant = number && drawConstant(next, operands.length > 0, modulus);
  const operator = operands.length === 2 && chance(next) ? "-" : "+";
  return { parameter: ids[node] as string, ...(constant && { constant }), operator, operands };
}

const drawConstant = (next: Stream, factor: boolean, modulus: number): Constant =>
  factor && chance(next)
    ? { operator: "*", value: integer(next, 1, modulus - 1) }
    : { operator: "+", value: integer(next, 0, modulus - 1) };

/** Sentences in the order in which they are told. */
export function arrange<T>(next: Stream, sentences: readonly T[], order: SentenceOrder): T[] {
  if (order === "any") return shuffled(next, sentences);
  if (order === "solution") return [...sentences];
  return sentences
    .map((sentence, i) => ({ sentence, place: i + (order.jitter + 1) * next() }))
    .sort((a, b) => a.place - b.place)
    .map(({ sentence }) => sentence);
}

/** Neighbouring categories of one hierarchy, and items of one group of each. */
export function drawWorld(
  next: Stream,
  lexicon: Lexicon,
  widths: readonly number[],
): { readonly layerNames: readonly string[]; readonly items: readonly (readonly string[])[] } {
  const hierarchy = pick(next, lexicon);
  const first = integer(next, 0, hierarchy.length - widths.length);
  const categories = hierarchy.slice(first, first + widths.length);
  return {
    layerNames: categories.map(({ name }) => name),
    items: categories.map(({ groups }, i) => sample(next, pick(next, groups), widths[i] as number)),
  };
}
