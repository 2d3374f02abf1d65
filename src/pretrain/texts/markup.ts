/**
 * What finds marks in text of strangers, in time that grows with the text alone: a regular expression
 * that looks for an end which never comes looks again from every beginning.
 */

/** Replaces within what a last `>` closes: behind it no tag can end. */
export function withinTags(source: string, replace: (closed: string) => string): string {
  const end = source.lastIndexOf(">") + 1;
  return replace(source.slice(0, end)) + source.slice(end);
}

const BEGIN = /<!--|<(script|style|head|nav|table)\b/gi;

/** Without comments and without the elements of which nothing is read, where they have an end. */
export function withoutHidden(source: string): string {
  const kept: string[] = [];
  /** Ends that do not come any more. */
  const gone = new Set<string>();
  let from = 0;
  BEGIN.lastIndex = 0;
  for (let begin = BEGIN.exec(source); begin; begin = BEGIN.exec(source)) {
    const name = begin[1]?.toLowerCase() ?? "--";
    if (gone.has(name)) continue;
    const end = name === "--" ? /-->/g : new RegExp(`</${name}>`, "gi");
    end.lastIndex = BEGIN.lastIndex;
    if (!end.exec(source)) {
      gone.add(name);
      continue;
    }
    kept.push(source.slice(from, begin.index));
    from = end.lastIndex;
    BEGIN.lastIndex = from;
  }
  return kept.join("") + source.slice(from);
}

const BREAK = /[\n\r\u2028\u2029]/;

/** Lines without the spaces and tabs around them. */
export const trimmedLines = (source: string): string =>
  source.replace(/[ \t]+/g, (run, at: number) => {
    const [before, after] = [source[at - 1], source[at + run.length]];
    const isEdge = [before, after].some((side) => side === undefined || BREAK.test(side));
    return isEdge ? "" : run;
  });
