import { expectOneOf } from "../../tensor/options.ts";
/** `text`: English, as in the paper. `compact`: one token a symbol, separated by spaces. */
export type StyleName = "text" | "compact";

/** The words between the parts of a problem: all that one printer and one parser need to know. */
export interface Style {
  /** Before the first sentence, between two sentences, and after each that is no question. */
  readonly lead: string;
  readonly join: string;
  readonly stop: string;
  /** Between the owner and the owned of a name. */
  readonly possessive: string;
  /** Before a name inside a sentence. */
  readonly each: string;
  readonly subject: string;
  readonly equals: string;
  readonly constant: Readonly<Record<"+" | "*", string>>;
  /** Around several operands after a constant. */
  readonly group: readonly [open: string, close: string];
  /** Before the operands, between them, and between the last two. */
  readonly list: Readonly<
    Record<"+" | "-", { readonly open: string; readonly comma: string; readonly last: string }>
  >;
  /** The question for what `owner` has of `owned`. */
  readonly question: (owner: string, owned: string) => string;
}

export const styles: Readonly<Record<StyleName, Style>> = {
  text: {
    lead: " ",
    join: " ",
    stop: ".",
    possessive: "'s ",
    each: "each ",
    subject: "The number of ",
    equals: " equals ",
    constant: { "+": " more than ", "*": " times as much as " },
    group: ["", ""],
    list: {
      "+": { open: "the sum of ", comma: ", ", last: " and " },
      "-": { open: "the difference of ", comma: ", ", last: " and " },
    },
    question: (owner, owned) => `How many ${owned} does ${owner} have?`,
  },
  compact: {
    lead: "",
    join: " ; ",
    stop: "",
    possessive: " . ",
    each: "",
    subject: "",
    equals: " = ",
    constant: { "+": " + ", "*": " * " },
    group: ["( ", " )"],
    list: {
      "+": { open: "", comma: " + ", last: " + " },
      "-": { open: "", comma: " - ", last: " - " },
    },
    question: (owner, owned) => `? ${owner} . ${owned}`,
  },
};

/** A style by its name, `text` by default. @throws RangeError for a name that is none */
export function styleOf(name: StyleName = "text"): Style {
  expectOneOf("igsm: style", name, Object.keys(styles));
  return styles[name];
}
