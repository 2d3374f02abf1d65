import type { Engine } from "../../engines/engine.ts";
import { at } from "../../tensor/shapes.ts";
import { isConstant, type TypedArray } from "../../tensor/tensor.ts";
import { chooserOf } from "./choosers.ts";
import { expectGenerateOptions, type GenerateOptions } from "./options.ts";
import { promptReader } from "./readPrompts.ts";
import { idsOf, keptOf, newest, placesFor, type Seat } from "./seats.ts";
import { generateSteps, type Step } from "./steps.ts";

/** Tokens that others may still make, from which on a smaller batch is worth a program of its own. */
const WORTH_SHRINKING = 16;

/**
 * Continues prompts side by side, with a key/value cache: one program reads the prompts, one makes
 * each further token. Where a sequence ends the next prompt takes its place; where none waits the
 * others close ranks. A sequence's tokens do not depend on the other prompts: they are those of
 * applying the model to the prefix again and again, and sampling draws from the key, the prompt and
 * how many equal prompts came before it.
 * @returns for each prompt its new tokens, at most maxNewTokens, the stop token included where one
 *   came up
 * @throws DataError for no prompts or an empty one; RangeError for impossible numbers, prompts that
 *   leave no room in the context and logits that are not finite among them; TypeError for sampling
 *   without a key and for an option that is not known
 */
export async function generate(engine: Engine, options: GenerateOptions): Promise<number[][]> {
  expectGenerateOptions(options);
  const { model, prompts, maxNewTokens, onToken, onAnswer, batchSize = prompts.length } = options;
  const choose = chooserOf(options);
  const programs = generateSteps(engine, model, choose.chooser);
  const stops = new Set([...(options.stopTokens ?? []), ...stopTokenOf(options)]);
  const params = engine.put(options.params);
  const read = promptReader(programs, options, params, choose);
  const all = prompts.map((prompt, row): Seat => ({ row, prompt, answer: [], isOpen: true }));

  /** Takes the next token of each sequence that goes on. */
  async function hear(seen: TypedArray, seats: readonly Seat[]): Promise<void> {
    const column = choose.tokens(seen, seats);
    for (const [place, seat] of seats.entries()) {
      if (!seat.isOpen) continue;
      const token = at(column, place);
      seat.answer.push(token);
      seat.isOpen = !stops.has(token) && seat.answer.length < maxNewTokens;
      await onToken?.(token, seat.row, seat.answer.length - 1);
      if (!seat.isOpen) await onAnswer?.(seat.answer, seat.row);
    }
  }

  const waiting = all.slice(batchSize);
  let seats = all.slice(0, batchSize);
  let step: Step | undefined;
  try {
    step = await read(seats);
    await hear(await engine.read(step.seen), seats);
    for (;;) {
      for (const [place, seat] of seats.entries())
        if (!seat.isOpen) step = await fillPlace(step, place);
      if (!seats.some(({ isOpen }) => isOpen)) return all.map(({ answer }) => answer);
      const places = waiting.length === 0 && isWorthShrinking() ? placesFor(seats) : seats.length;
      if (places < seats.length) {
        const kept = keptOf(seats, places);
        step = { ...step, cache: await programs.keep(step.cache, idsOf(kept)) };
        seats = kept.map((place) => at(seats, place));
      }
      engine.release(step.seen);
      step = await programs.next(step.cache, params, newest(seats), choose.samplingAt(seats));
      await hear(await engine.read(step.seen), seats);
    }
  } finally {
    engine.release(step ?? []);
    for (const [name, given] of Object.entries(options.params))
      if (isConstant(given)) engine.release(params[name]);
  }

  /** Seats the next prompt that does not end with its first token. */
  async function fillPlace(at: Step, place: number): Promise<Step> {
    for (let seat = waiting.shift(); seat; seat = waiting.shift()) {
      const own = await read([seat]);
      await hear(await engine.read(own.seen), [seat]);
      engine.release(own.seen);
      if (!seat.isOpen) {
        engine.release(own.cache);
        continue;
      }
      seats = seats.with(place, seat);
      return { ...at, cache: await programs.place(at.cache, own.cache, idsOf([place])) };
    }
    return at;
  }

  /** Where programs are planned in milliseconds and each row costs time. */
  function isWorthShrinking(): boolean {
    const isQuick = engine.backend === "wasm" || engine.backend === "reference";
    const least = Math.min(
      ...seats.filter(({ isOpen }) => isOpen).map(({ answer }) => answer.length),
    );
    return isQuick && maxNewTokens - least >= WORTH_SHRINKING;
  }
}

const stopTokenOf = ({ stopToken }: GenerateOptions): readonly number[] =>
  stopToken === undefined ? [] : [stopToken];
