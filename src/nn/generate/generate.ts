import type { Engine } from "../../engines/engine.ts";
import { answered } from "../../tensor/options.ts";
import { at } from "../../tensor/shapes.ts";
import { isConstant, type TypedArray } from "../../tensor/tensor.ts";
import { rotationOf } from "../rotation.ts";
import { chooserOf } from "./choosers.ts";
import { type Guesses, guesserOf } from "./lookup.ts";
import { expectGenerateOptions, type GenerateOptions } from "./options.ts";
import { positionsOf, promptReader } from "./readPrompts.ts";
import { idsOf, keptOf, newest, placesFor, type Seat, supposed } from "./seats.ts";
import { generateSteps, type Step } from "./steps.ts";

const UNGUESSED: Guesses = { ofEach: [], length: 0 };
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
  const { model, prompts, maxNewTokens, onToken, onAnswer, stopWhen } = options;
  const { batchSize = prompts.length } = options;
  const choose = chooserOf(options);
  const programs = generateSteps(engine, model, choose.chooser);
  const stops = new Set([...(options.stopTokens ?? []), ...stopTokenOf(options)]);
  const params = engine.put(options.params);
  const read = promptReader(programs, options, params, choose);
  /** Whether programs are planned in milliseconds and each row costs time. */
  const isQuick = engine.backend === "wasm" || engine.backend === "reference";
  const guesser = guesserFor();
  const all = prompts.map((prompt, row): Seat => ({ row, prompt, answer: [], isOpen: true }));

  /** Takes the next tokens of each sequence that goes on: of a guess those that are right, and one. */
  async function hear(
    seen: TypedArray,
    seats: readonly Seat[],
    { ofEach, length }: Guesses = UNGUESSED,
    rows = seats,
  ): Promise<void> {
    for (const [place, seat] of seats.entries()) {
      const guess = ofEach[place] ?? [];
      let right = 0;
      for (let isRight = true; isRight && seat.isOpen; ) {
        const token = choose.token(seen, rows, place * (length + 1) + right);
        isRight = token === guess[right];
        if (isRight) right++;
        seat.answer.push(token);
        seat.isOpen = !stops.has(token) && seat.answer.length < maxNewTokens;
        await onToken?.(token, seat.row, seat.answer.length - 1);
        if (stopWhen && answered("generate stopWhen", stopWhen(seat.answer, seat.row)))
          seat.isOpen = false;
        if (!seat.isOpen) await onAnswer?.(seat.answer, seat.row);
      }
      guesser?.learn(seat, guess, right);
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
      const guesses = guesser?.guess(seats) ?? UNGUESSED;
      const { ofEach, length } = guesses;
      const rows = length === 0 ? seats : supposed(seats, ofEach, length);
      const sampling = choose.samplingAt(rows);
      step =
        length === 0
          ? await programs.next(step.cache, params, newest(rows), sampling)
          : await programs.check(
              step.cache,
              params,
              newest(rows, [seats.length, length + 1]),
              sampling,
            );
      await hear(await engine.read(step.seen), seats, guesses, rows);
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

  function guesserFor() {
    const { promptLookup = 0 } = options;
    // Where angles depend on the length of the whole, a token is turned otherwise behind guesses.
    const varies = rotationOf(model.config).varies(positionsOf(options).room);
    return promptLookup > 0 && !varies ? guesserOf(promptLookup, maxNewTokens, isQuick) : undefined;
  }

  function isWorthShrinking(): boolean {
    const least = Math.min(
      ...seats.filter(({ isOpen }) => isOpen).map(({ answer }) => answer.length),
    );
    return isQuick && maxNewTokens - least >= WORTH_SHRINKING;
  }
}

const stopTokenOf = ({ stopToken }: GenerateOptions): readonly number[] =>
  stopToken === undefined ? [] : [stopToken];
