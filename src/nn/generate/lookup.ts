import { at } from "../../tensor/shapes.ts";
import type { Seat } from "./seats.ts";

/**
 * Rows of a pass at most, of all sequences together: products of so few rows read each weight once and
 * give every row the numbers that it has alone, so that guesses change no bit of an answer.
 */
export const MOST_ROWS = 16;
/** Newest tokens that are looked up: at least, so that chance seldom finds them, and at most. */
const SHORTEST = 2;
const LONGEST = 4;
/** After guesses that were wrong from the first token on there is none for 1, 2, 4, … passes, up to: */
const LONGEST_PAUSE = 32;

/** What may come next. */
export interface Guesses {
  /** Tokens that may follow each sequence, `length` of them or fewer. */
  readonly ofEach: readonly (readonly number[])[];
  /** Tokens that are read of each beside its newest; 0 where nothing is guessed. */
  readonly length: number;
}

/** Guesses what comes next in sequences. */
export interface Guesser {
  guess(seats: readonly Seat[]): Guesses;
  /** Hears how many tokens of a guess were right. */
  learn(seat: Seat, guess: readonly number[], right: number): void;
}

/** How guesses for a sequence went of late. */
interface Luck {
  /** Tokens of the next one. */
  length: number;
  /** Passes without one that are still to come, and how many come after the next miss. */
  pause: number;
  nextPause: number;
}

/**
 * What followed where the newest tokens, two to four of them, stood before: the longest such run, where
 * it stood last. A guess that reaches the end goes on with itself, as texts do that repeat themselves.
 * @returns `most` tokens, or none
 * @see https://github.com/apoorvumang/prompt-lookup-decoding (Saxena, 2023)
 */
export function lookUp(tokens: readonly number[], most: number): readonly number[] {
  const end = tokens.length;
  let [longest, from] = [SHORTEST - 1, end];
  for (let next = end - 1; next >= SHORTEST && longest < LONGEST; next--) {
    let run = 0;
    while (run < LONGEST && run < next && tokens[next - 1 - run] === tokens[end - 1 - run]) run++;
    if (run > longest) [longest, from] = [run, next];
  }
  if (from === end) return [];
  const all = tokens.slice(from);
  for (let i = 0; i < most; i++) all.push(at(all, i));
  return all.slice(end - from);
}

/**
 * Guesses by looking up: more tokens while guesses are right, fewer and more seldom while they are not.
 * @param most tokens of a guess
 * @param maxNewTokens of a sequence
 * @param isStepped whether 1, 3, 7, … guessed tokens are worth programs of their own beside `most`
 */
export function guesserOf(most: number, maxNewTokens: number, isStepped: boolean): Guesser {
  const lucks = new WeakMap<Seat, Luck>();
  const luckOf = (seat: Seat): Luck => {
    const luck = lucks.get(seat) ?? { length: 1, pause: 0, nextPause: 1 };
    lucks.set(seat, luck);
    return luck;
  };

  function guessFor(seat: Seat, fits: number): readonly number[] {
    if (!seat.isOpen) return [];
    const luck = luckOf(seat);
    if (luck.pause > 0) {
      luck.pause--;
      return [];
    }
    // One token more is known after a pass whatever is guessed.
    const room = Math.min(fits, maxNewTokens - seat.answer.length - 1);
    const length = Math.min(room, isStepped ? luck.length : most);
    return length > 0 ? lookUp([...seat.prompt, ...seat.answer], length) : [];
  }

  return {
    guess: (seats) => {
      const fits = Math.min(most, Math.floor(MOST_ROWS / seats.length) - 1);
      const all = seats.map((seat) => guessFor(seat, fits));
      // All sequences read as many tokens: of those that go on the usual guess decides.
      const open = seats.filter(({ isOpen }) => isOpen).length;
      const mean = all.reduce((sum, { length }) => sum + length, 0) / open;
      const stepped = mean >= fits ? fits : 2 ** Math.floor(Math.log2(mean + 1)) - 1;
      const length = isStepped ? stepped : mean > 0 ? fits : 0;
      return { ofEach: all.map((guess) => guess.slice(0, length)), length };
    },
    learn: (seat, { length }, right) => {
      if (length === 0) return;
      const luck = luckOf(seat);
      luck.length = right === length ? Math.min(most, 2 * luck.length + 1) : Math.max(1, right);
      luck.pause = right > 0 ? 0 : luck.nextPause;
      luck.nextPause = right > 0 ? 1 : Math.min(LONGEST_PAUSE, 2 * luck.nextPause);
    },
  };
}
