/** Turns the bytes of tokens into text as they come. */
export interface StreamDecoder {
  /** The text that is certain now: halves of characters wait for their rest. */
  push(id: number): string;
  /** What is left; a half that got no rest becomes U+FFFD. */
  end(): string;
}

/**
 * Decodes tokens one by one; all the texts together are `decode` of all the ids.
 * @param bytesOf a token's bytes; undefined for one that is passed over
 */
export function streamDecoder(
  bytesOf: (id: number, first: boolean) => Uint8Array | undefined,
): StreamDecoder {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let first = true;
  return {
    push: (id) => {
      const bytes = bytesOf(id, first);
      if (bytes === undefined) return "";
      first = false;
      return decoder.decode(bytes, { stream: true });
    },
    end: () => {
      first = true;
      return decoder.decode();
    },
  };
}

/** Passes a text on as it comes, up to the first of some texts. */
export interface StopFinder {
  /** What is certain to be passed on now: what may begin one of the texts waits. */
  push(piece: string): string;
  /** What still waits where none of them came. */
  end(): string;
  /** Whether one has come: it and what follows it are not passed on. */
  readonly isStopped: boolean;
}

/** @param stops texts, none of them empty */
export function stopFinder(stops: readonly string[]): StopFinder {
  let waiting = "";
  let isStopped = false;
  return {
    get isStopped() {
      return isStopped;
    },
    push: (piece) => {
      if (isStopped) return "";
      waiting += piece;
      const found = firstOf(waiting, stops);
      isStopped = found !== undefined;
      const text = waiting.slice(0, found ?? waiting.length - begunIn(waiting, stops));
      waiting = isStopped ? "" : waiting.slice(text.length);
      return text;
    },
    end: () => {
      const text = waiting;
      waiting = "";
      return text;
    },
  };
}

/** Where the one begins that ends first, the longest of those: however the text came in pieces. */
function firstOf(text: string, stops: readonly string[]): number | undefined {
  const [first] = stops
    .map((stop) => ({ from: text.indexOf(stop), length: stop.length }))
    .filter(({ from }) => from >= 0)
    .sort((a, b) => a.from + a.length - (b.from + b.length) || a.from - b.from);
  return first?.from;
}

/** Characters at the end of a text that one of the stops may begin with: the most of them. */
const begunIn = (text: string, stops: readonly string[]): number =>
  Math.max(
    0,
    ...stops.map((stop) => {
      let length = Math.min(stop.length - 1, text.length);
      while (!text.endsWith(stop.slice(0, length))) length--;
      return length;
    }),
  );
