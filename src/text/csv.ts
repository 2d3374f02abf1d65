/** A record of a CSV file, or what is wrong with it; lines count from 1. */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[];
  /** What was expected where the record breaks the format; the fields are then unreliable. */
  readonly error?: string;
}

/** Longer fields are no patient notes: most likely a quote is missing. */
export const MAX_FIELD: number = 2 ** 24;

interface Field {
  readonly text: string;
  readonly end: number;
  readonly error?: string;
}

const TOO_LONG = `a field of at most ${MAX_FIELD} characters`;

/** A quoted field that starts with the quote at `start`; `""` stands for a quote. */
function quoted(text: string, start: number): Field {
  const pieces: string[] = [];
  for (let from = start + 1; ; ) {
    const quote = text.indexOf('"', from);
    if (quote === -1)
      return { text: "", end: text.length, error: "a closing quote before the end of the file" };
    pieces.push(text.slice(from, quote));
    if (text[quote + 1] !== '"') return afterQuote(text, start, pieces, quote + 1);
    from = quote + 2;
  }
}

/** Behind a closing quote only a comma or the line's end may follow; the rest is passed over. */
function afterQuote(text: string, start: number, pieces: readonly string[], at: number): Field {
  const end = bareEnd(text, at);
  if (at - start > MAX_FIELD) return { text: "", end, error: TOO_LONG };
  const content = pieces.join('"');
  return end === at
    ? { text: content, end }
    : { text: content, end, error: "a comma or the end of the line behind a closing quote" };
}

const DELIMITER = /[,\r\n]/g;

/** Where an unquoted field ends. */
function bareEnd(text: string, start: number): number {
  DELIMITER.lastIndex = start;
  return DELIMITER.exec(text)?.index ?? text.length;
}

function field(text: string, start: number): Field {
  if (text[start] === '"') return quoted(text, start);
  const end = bareEnd(text, start);
  if (end - start > MAX_FIELD) return { text: "", end, error: TOO_LONG };
  return { text: text.slice(start, end), end };
}

const NEWLINE = /\r\n?|\n/g;

/** Lines that end within a stretch of text. */
const newlines = (text: string, start: number, end: number): number =>
  text.slice(start, end).match(NEWLINE)?.length ?? 0;

/**
 * The records of a CSV file (RFC 4180): quoted fields hold commas, quotes and line ends; CRLF, LF
 * and CR end lines; blank lines are passed over. A record that breaks the format carries an error
 * and reading goes on behind it. Linear in the text.
 */
export function* readCsv(text: string): Generator<CsvRecord> {
  let line = 1;
  for (let at = 0; at < text.length; ) {
    const start = at;
    const fields: string[] = [];
    let error: string | undefined;
    for (let more = true; more; ) {
      const next = field(text, at);
      fields.push(next.text);
      error ??= next.error;
      more = text[next.end] === ",";
      at = more ? next.end + 1 : next.end;
    }
    at += text.startsWith("\r\n", at) ? 2 : at < text.length ? 1 : 0;
    const blank = fields.length === 1 && fields[0] === "" && text[start] !== '"';
    if (!blank) yield error === undefined ? { line, fields } : { line, fields, error };
    line += newlines(text, start, at);
  }
}
