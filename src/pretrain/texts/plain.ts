import { trimmedLines, withinTags, withoutHidden } from "./markup.ts";

/** How a text is marked up. */
export type Markup =
  | "dictionary"
  | "fortune"
  | "html"
  | "markdown"
  | "pod"
  | "roff"
  | "rst"
  | "text";

/** The text itself, in paragraphs that an empty line parts. */
export const plainOf = (source: string, markup: Markup): string => strip[markup](source);

const lines = (text: string, use: (line: string) => string | undefined): string =>
  text
    .split("\n")
    .flatMap((line) => use(line) ?? [])
    .join("\n");

/** dictd's: entries at the margin, their text indented; references in braces. */
const dictionary = (source: string): string =>
  lines(source.replace(/\{([^{}]*)\}/gs, "$1"), (line) =>
    /^\s*\[(1913 Webster|PJC|WordNet[^\]]*|Webster 1913 Suppl\.|[^\]]*\+PJC)\]\s*$/.test(line)
      ? ""
      : line.replace(/^ {3}/, ""),
  );

/** What strangers' names stand for, of which some are those of every object. */
function tableOf(texts: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(texts));
}

const named = tableOf({
  ...{ amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " ", hellip: "…", copy: "©" },
  ...{
    ndash: "–",
    mdash: "—",
    lsquo: "‘",
    rsquo: "’",
    ldquo: "“",
    rdquo: "”",
    sol: "/",
    verbar: "|",
  },
});

const character = (entity: string, name: string): string => {
  const code = /^#x/i.test(name)
    ? Number.parseInt(name.slice(2), 16)
    : Number.parseInt(name.slice(1), 10);
  if (!name.startsWith("#")) return named.get(name.toLowerCase()) ?? entity;
  const isHalf = code >= 0xd800 && code <= 0xdfff;
  return code <= 0x10ffff && code > 0 && !isHalf ? String.fromCodePoint(code) : "";
};

const PARTING = /<\/?(p|div|h\d|li|pre|ul|ol|section|dt|dd|blockquote)\b[^>]*>|<br[^>]*>/gi;

const html = (source: string): string => {
  const parted = withinTags(withoutHidden(source), (text) => text.replace(PARTING, "\n\n"));
  const bare = withinTags(parted, (text) => text.replace(/<[^>]*>/g, ""));
  return trimmedLines(bare.replace(/&(#?\w+);/g, character));
};

/** Codes within codes within codes: Perl's own pages have three. */
const DEEPEST = 16;

/**
 * Perl's: commands begin with `=`, codes are `C<…>` or `C<< … >>`, the latter of a thousand characters
 * at most.
 */
function pod(source: string): string {
  let text = lines(source, (line) => {
    const [, command = "", rest = ""] = /^=(\w+)\s*(.*)$/.exec(line) ?? [];
    if (command === "") return line;
    return /^(head\d|item)$/.test(command) ? rest : "";
  });
  for (let [before, depth] = ["", 0]; text !== before && depth < DEEPEST; depth++) {
    before = text;
    text = text
      .replace(/\bE<(\w+)>/g, (code, name: string) =>
        character(`&${name};`, name).replace(/^&.*/, code.slice(2, -1)),
      )
      .replace(/\b[XZ]<[^<>]*>/g, "")
      .replace(/\bL<(?:[^<>|]*\|)?([^<>]*)>/g, "$1")
      .replace(/\b[BCFIS]<<+ ([^\n]{0,1000}?) >>+/g, "$1")
      .replace(/\b[BCFIS]<([^<>]*)>/g, "$1");
  }
  return text;
}

/** Escapes of troff: fonts and sizes go, characters come. */
const escapes = (line: string): string =>
  line
    .replace(/\\".*$/, "")
    .replace(/\\f(\[[^\]]*\]|\(..|.)|\\s[-+]?\d|\\[&/,|^!]|\\[hv]'[^']*'/g, "")
    .replace(/\\\((..)/g, (_, name: string) => glyphs.get(name) ?? "")
    .replace(/\\\[(\w+)\]/g, (_, name: string) => glyphs.get(name) ?? "")
    .replace(/\\([- .'`])/g, "$1")
    .replace(/\\e/g, "\\")
    .replace(/\\[~0]/g, " ");

const glyphs = tableOf({
  ...{ aq: "'", dq: '"', lq: "“", rq: "”", oq: "‘", cq: "’", ha: "^", ti: "~", em: "—", en: "–" },
  ...{ bu: "•", co: "©", rg: "®", mu: "×", "+-": "±", "->": "→", "<=": "≤", ">=": "≥", rs: "\\" },
  ...{ mc: "µ", ss: "ß", ":a": "ä", ":o": "ö", ":u": "ü", "'e": "é", "`e": "è", "*m": "μ" },
});

/** The arguments of a macro that alternates fonts are put together, those of others keep spaces. */
function joined(macro: string, rest: string): string {
  const words = [...rest.matchAll(/"((?:[^"]|"")*)"|(\S+)/g)].map(([, quoted, bare]) =>
    quoted === undefined ? (bare ?? "") : quoted.replaceAll('""', '"'),
  );
  return words.join(/^[BIR]{2}$/.test(macro) ? "" : " ");
}

/** man(7): requests begin with a dot. */
const roff = (source: string): string =>
  lines(source, (raw) => {
    if (/^['.]\s*\\"/.test(raw)) return undefined;
    const [, macro = "", rest = ""] = /^['.]\s*(\S*)\s*(.*)$/.exec(raw) ?? [];
    if (macro === "") return /^['.]\s*$/.test(raw) ? undefined : escapes(raw);
    if (macro === "SH" || macro === "SS") return `\n${escapes(joined(macro, rest))}\n`;
    if (/^([BIR]{1,2}|SM|SB)$/.test(macro)) return escapes(joined(macro, rest));
    return /^(P|PP|LP|TP|IP|HP|EX|EE|nf|fi|sp)$/.test(macro) ? "" : undefined;
  });

const same = (source: string): string => source;

const strip: { readonly [M in Markup]: (source: string) => string } = {
  dictionary,
  html,
  pod,
  roff,
  fortune: (source) => lines(source, (line) => (line === "%" ? "" : line)),
  // What is between the marks of these is what people write.
  markdown: same,
  rst: (source) => lines(source, (line) => (/^\.\. (SPDX|_)/.test(line) ? undefined : line)),
  text: same,
};
