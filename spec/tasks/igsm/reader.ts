import type { Lexicon } from "../../../src/tasks/igsm/index.ts";

/**
 * Answers a problem in English from its text alone, knowing the language but not the problem: an
 * oracle that shares no code with the parser. Values are found by repeated substitution.
 */
export function readAndAnswer(text: string, lexicon: Lexicon, modulus: number): number {
  const categoryOf = new Map(
    lexicon
      .flat()
      .flatMap(({ name, groups }) => groups.flat().map((item) => [item, name] as const)),
  );
  const sentences = new Map<string, string>();
  let question = "";
  for (const sentence of text.trim().split(/(?<=[.?]) /)) {
    const asked = /^How many (.*) does (.*) have\?$/.exec(sentence);
    const told = /^The number of each (.*?) equals (.*)\.$/.exec(sentence);
    if (asked) question = `${asked[2]}'s ${asked[1]}`;
    else if (told) sentences.set(told[1] as string, told[2] as string);
    else throw new Error(`no sentence: ${sentence}`);
  }
  const wrap = (x: number): number => ((x % modulus) + modulus) % modulus;
  const isCategory = (thing: string) => [...categoryOf.values()].includes(thing);

  const split = (name: string): [string, string] => {
    const at = [...name.matchAll(/'s /g)].map(({ index }) => index);
    const found = at.find((i) => categoryOf.has(name.slice(0, i)));
    if (found === undefined) throw new Error(`no name: ${name}`);
    return [name.slice(0, found), name.slice(found + 3)];
  };

  const count = (name: string): number => {
    const [owner, thing] = split(name);
    if (!isCategory(thing)) return calculate(sentences.get(name) as string);
    let sum = 0;
    for (const told of sentences.keys()) {
      const [whose, what] = split(told);
      if (whose !== owner) continue;
      const each = categoryOf.get(what) === thing ? 1 : count(`${what}'s ${thing}`);
      sum += count(told) * each;
    }
    return wrap(sum);
  };

  const calculate = (words: string): number => {
    if (/^\d+$/.test(words)) return Number(words);
    const more = /^(\d+) more than (.*)$/.exec(words);
    if (more) return wrap(Number(more[1]) + calculate(more[2] as string));
    const times = /^(\d+) times as much as (.*)$/.exec(words);
    if (times) return wrap(Number(times[1]) * calculate(times[2] as string));
    const listed = /^the (sum|difference) of each (.*)$/.exec(words);
    if (!listed) return count(words.replace(/^each /, ""));
    const values = (listed[2] as string).split(/, each | and each /).map(count);
    return wrap(values.reduce((a, b) => (listed[1] === "sum" ? a + b : a - b)));
  };
  return count(question);
}
