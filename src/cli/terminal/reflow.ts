/** Terminals have at least so many columns. */
export const COLUMNS = 80;

/** `  --count <n>             how many rows`: how far it is indented, the term, what it means. */
const ENTRY = /^( *)(\S.*?)(?: {2,}(\S.*))?$/;
/** Lines that begin so far in go on with the entry above. */
const DEEP = 10;

interface Entry {
  readonly indent: string;
  readonly term: string;
  /** Where the text beside the term stands. */
  column: number;
  about: string;
}

/**
 * Fits a help text into 80 columns: paragraphs are filled; a text beside a term stays in its column;
 * a command that is too long goes on after a backslash, so that it can be pasted.
 */
export function reflow(text: string, columns: number = COLUMNS): string {
  const out: string[] = [];
  let paragraph: string[] = [];
  let entry: Entry | undefined;
  const flush = (): void => {
    if (paragraph.length > 0) out.push(...fill(paragraph.join(" "), "", "", columns));
    if (entry) out.push(...linesOf(entry, columns));
    [paragraph, entry] = [[], undefined];
  };
  for (const line of text.split("\n")) {
    const [, indent = "", term = "", about] = ENTRY.exec(line) ?? [];
    if (entry && indent.length >= DEEP && about === undefined) {
      if (entry.about === "") entry.column = indent.length;
      entry.about += ` ${term}`;
    } else if (indent === "" && term !== "") {
      if (entry) flush();
      paragraph.push(line);
    } else {
      flush();
      if (term === "") out.push("");
      else {
        const column = about === undefined ? 0 : line.length - about.length;
        entry = { indent, term, column, about: about ?? "" };
      }
    }
  }
  flush();
  return out.join("\n");
}

/** A paragraph in lines of at most 80 columns, each indented. */
export const filled = (text: string, indent = ""): string[] => fill(text, indent, indent, COLUMNS);

function linesOf({ indent, term, column, about }: Entry, columns: number): string[] {
  const head = `${indent}${term}`;
  if (about === "") {
    const isCommand = /^(npx|npm|echo) /.test(term);
    if (!isCommand) return fill(term, indent, `${indent}  `, columns);
    // An option stays beside its value.
    const lines = fill(term, indent, `${indent}  `, columns - 2, / (?=--)/);
    return lines.map((line, i) => (i < lines.length - 1 ? `${line} \\` : line));
  }
  const pad = " ".repeat(column);
  const lines = fill(about.trim(), pad, pad, columns);
  if (head.length + 2 > column) return [head, ...lines];
  return [`${head}${pad.slice(head.length)}${(lines[0] ?? "").trimStart()}`, ...lines.slice(1)];
}

/** Words in lines of at most so many columns. */
function fill(
  text: string,
  first: string,
  others: string,
  columns: number,
  between: string | RegExp = " ",
): string[] {
  const lines: string[] = [];
  let line = first;
  for (const word of text.split(between).filter(Boolean)) {
    const isEmpty = line.trim() === "";
    if (!isEmpty && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = `${others}${word}`;
    } else line += isEmpty ? word : ` ${word}`;
  }
  return [...lines, line];
}
