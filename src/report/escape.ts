/** Texts of strangers, as they may stand in a page, a spreadsheet, a Markdown table, a terminal. */

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as it may stand in HTML, between tags and in a quoted attribute. */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => escapes[character] ?? character);

/**
 * What a page of ours may do: show itself. It has no scripts, loads nothing and sends nothing, and
 * what slipped through an escape could not either. Figures bring styles of their own.
 * @see https://www.w3.org/TR/CSP3/
 */
export const contentPolicy: string =
  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">";

/**
 * Text as it may stand in a spreadsheet's cell: what begins like a formula begins with `'`, which
 * makes it text.
 * @see https://owasp.org/www-community/attacks/CSV_Injection
 */
export const cellText = (text: string): string => (/^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text);

/**
 * Text as it may stand in a cell of a GitHub-flavoured Markdown table: one line, and nothing in it
 * is a link, emphasis, code or HTML.
 */
export const escapeMarkdown = (text: string): string =>
  text
    .replace(/[\r\n]+/g, " ")
    .replace(/[\\`*_[\]|~#]/g, "\\$&")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    // What GitHub makes links of by itself.
    .replace(/:(?=\/\/)/g, "&#58;")
    .replace(/www\./gi, (found) => `${found.slice(0, 3)}&#46;`)
    .replaceAll("@", "&#64;");

/** What moves a terminal's cursor, rings, hides or turns round what follows, or breaks a line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSEEN = /[\0-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Whether a text has characters that a terminal obeys instead of showing them. */
export const hasUnseen = (text: string): boolean => text.search(UNSEEN) >= 0;

/**
 * A text of strangers as it may stand in a line of a terminal: control characters, and those that
 * reverse or hide others, as their code points.
 * @example visible("a\u001b[2Jb") // "a\\u{1b}[2Jb"
 */
export const visible = (text: string): string =>
  text.replace(UNSEEN, (character) => `\\u{${character.charCodeAt(0).toString(16)}}`);

/** What a terminal obeys, but not what writes letters together or takes them apart. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const OBEYED = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u202a-\u202e\u2066-\u2069]/g;

/** A piece of running text for a terminal: lines, tabs and joined letters stay, nothing is obeyed. */
export const spoken = (text: string): string =>
  text.replace(OBEYED, (character) => `\\u{${character.charCodeAt(0).toString(16)}}`);

/** The same of several lines, which stay lines. */
export const visibleLines = (text: string): string => text.split("\n").map(visible).join("\n");
