import { constant, full } from "../../tensor/apply.ts";
import { at } from "../../tensor/shapes.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { DecodeInputs } from "../cache.ts";

/** A sequence at its place in the batch. */
export interface Seat {
  /** Index of its prompt. */
  readonly row: number;
  readonly prompt: readonly number[];
  /** Its new tokens so far. */
  readonly answer: number[];
  isOpen: boolean;
}

/** int [B]. */
export const idsOf = (numbers: readonly number[]): Tensor =>
  constant(Int32Array.from(numbers), [numbers.length]);

/** A tensor whose length says for how many positions a cache has room. */
export const roomFor = (positions: number): Tensor => full([positions], 0);

/** The token of a sequence at a position, 0 beyond its end. */
const tokenAt = ({ prompt, answer }: Seat, position: number): number =>
  (position < prompt.length ? prompt[position] : answer[position - prompt.length]) ?? 0;

/** Position of the token that a sequence's place reads: its newest one, and where it has ended the one
 * before, for which there is room. */
const lastOf = ({ prompt, answer, isOpen }: Seat): number =>
  prompt.length + answer.length - (isOpen ? 1 : 2);

/** The newest token of each: int [B], or another shape of as many. */
export function newest(
  seats: readonly Seat[],
  shape: readonly number[] = [seats.length],
): DecodeInputs {
  const of = (numberOf: (seat: Seat) => number) =>
    constant(Int32Array.from(seats, numberOf), shape);
  return {
    tokens: of((seat) => tokenAt(seat, lastOf(seat))),
    previous: of((seat) => tokenAt(seat, Math.max(0, lastOf(seat) - 1))),
    positions: of(lastOf),
  };
}

/**
 * Each sequence as it would be after none, one, … `length` tokens of a guess were right, one behind the
 * other; where a guess is shorter the last stands again, which reads the same token once more.
 */
export const supposed = (
  seats: readonly Seat[],
  guesses: readonly (readonly number[])[],
  length: number,
): Seat[] =>
  seats.flatMap((seat, b) =>
    Array.from({ length: length + 1 }, (_, t) => ({
      ...seat,
      answer: [...seat.answer, ...at(guesses, b).slice(0, t)],
    })),
  );

/** The prompts side by side, from a position to another, filled up on the right: int [B, to − from]. */
export function promptsFrom(seats: readonly Seat[], from: number, to: number): DecodeInputs {
  const shape = [seats.length, to - from];
  const all = (numberAt: (prompt: readonly number[], position: number) => number | undefined) =>
    constant(
      Int32Array.from(
        seats.flatMap(({ prompt }) =>
          Array.from({ length: to - from }, (_, i) => numberAt(prompt, from + i) ?? 0),
        ),
      ),
      shape,
    );
  return {
    tokens: all((prompt, position) => prompt[position]),
    previous: all((prompt, position) => prompt[position - 1]),
    positions: all((_, position) => position),
  };
}

/** How many places the sequences that go on are given, where that pays: half of them, or half again. */
export function placesFor(seats: readonly Seat[]): number {
  const open = seats.filter(({ isOpen }) => isOpen).length;
  let places = seats.length;
  while (places > 1 && open <= Math.ceil(places / 2)) places = Math.ceil(places / 2);
  return places;
}

/** The sequences that go on, and of the others as many as fill the places: their indices. */
export function keptOf(seats: readonly Seat[], places: number): number[] {
  const order = [...seats.keys()].sort(
    (a, b) => Number(at(seats, b).isOpen) - Number(at(seats, a).isOpen) || a - b,
  );
  return order.slice(0, places).sort((a, b) => a - b);
}
