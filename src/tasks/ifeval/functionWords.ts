/** The most frequent small words of the languages that share the Latin script, by ISO 639-3. */
const LISTS: Readonly<Record<string, string>> = {
  eng: `the a an and or but of to in on at by for with from about as is are was were be been it its
    this that these those which who what when where while every all some any not no he she they we
    you i his her their our your my has have had will would can could there if than then so near`,
  deu: `der die das den dem des ein eine einen einem einer und oder aber von zu im in an auf aus bei
    mit nach für über als ist sind war waren sein es dies diese dieser nicht kein er sie wir ihr ich
    sich auch wie wenn dass was wer wo hat haben hatte wird werden kann noch nur so vom zum zur`,
  spa: `el la los las un una unos unas y o pero de del a al en por para con sin sobre como es son era
    ser está están lo que se no su sus este esta estos estas ese esa le les me mi tu nos ha han hay
    muy más también cuando donde si porque entre hasta desde ya`,
  fra: `le la les un une des et ou mais de du à au aux en dans par pour avec sans sur comme est sont
    était être il elle ils elles on nous vous je ce cet cette ces qui que quoi dont où ne pas plus se
    sa son ses leur leurs a ont si très aussi y l d c qu n s j`,
  por: `o a os as um uma e ou mas de do da dos das em no na nos nas por para com sem sobre como é são
    era ser está que se não seu sua este esta isso ele ela eles eu você nós há mais muito também
    quando onde porque já ao à pelo pela foi tem`,
  ita: `il lo la i gli le un uno una e o ma di del della dei delle a al alla in nel nella da dal per
    con senza su sul sulla come è sono era essere che chi non si suo sua questo questa questi ci ne
    mi ti vi ha hanno più molto anche quando dove se perché tra fra`,
  pol: `i a o u w z na do od po za ze we przez przy dla oraz lub ale nie tak to ten ta te jest są był
    była było być się co kto który która które jak gdy gdzie jego jej ich już też tylko może jako`,
  fin: `ja tai mutta on ovat oli olivat olla ei en että se ne hän he me te minä sinä tämä nämä joka
    jotka mikä kuka kun jos niin myös vain kuin sekä siitä sen hänen kanssa`,
  vie: `là và hoặc nhưng của ở trong trên với cho từ đến về như không có được này đó các những một
    hai tôi bạn anh chị nó họ chúng ta khi nơi nếu vì rất cũng đã đang sẽ ra vào đây câu`,
  swh: `ni na ya wa la za cha vya kwa katika kama kuwa au lakini hii hiyo huu hili hizo hayo yake wake
    wao sisi mimi wewe yeye hakuna kuna si tu pia sana hapa huko ambako ambao mwa kuhusu`,
};

const words: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries(LISTS).map(([language, list]) => [language, new Set(list.split(/\s+/))]),
);

const languagesWith = (word: string): number =>
  [...words.values()].filter((list) => list.has(word)).length;

/** What a small word tells: a half if two of the languages have it, a third if three have it. */
const weights: ReadonlyMap<string, number> = new Map(
  [...words.values()].flatMap((list) => [...list]).map((word) => [word, 1 / languagesWith(word)]),
);

/** Weight of the small words of the language among the words of a text, all in lower case. */
export function functionWordShare(text: readonly string[], language: string): number {
  const known = words.get(language);
  if (known === undefined || text.length === 0) return 0;
  const weight = text.reduce(
    (sum, word) => (known.has(word) ? sum + (weights.get(word) as number) : sum),
    0,
  );
  return weight / text.length;
}
