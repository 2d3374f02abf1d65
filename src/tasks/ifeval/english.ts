import { type PunktParameters, seen } from "./punkt/punkt.ts";

/**
 * What Punkt needs to know of English, written down instead of learned. The original learned it
 * from newspapers; `readPunkt` takes what it learned.
 */

const words = (list: string): readonly string[] => list.trim().split(/\s+/);

/** Not here, as newspapers hardly have them: i.e., e.g. */
const ABBREVIATIONS = words(`
  mr mrs ms messrs dr prof rev hon st sr jr gen col maj capt cmdr lt sgt cpl pvt adm gov sen rep reps
  inc corp co cos ltd bros mfg
  jan feb mar apr aug sep sept oct nov dec
  a.m p.m u.s u.k u.n e.u d.c u.s.a u.s.s.r ph.d m.d b.a m.a m.b.a n.y n.j n.c s.c n.h n.m n.d s.d w.va
  ala ariz ark calif colo conn del fla ga ill ind kan ky la md mass mich minn miss mo mont neb nev okla
  ore pa tenn tex va vt wash wis wyo
  vs v ft hr hrs lb lbs oz sq ave blvd rd mt ste
  b c d e f g h j k l m n o p q r s t u w x y z
`);

/**
 * Words that are far more frequent at the start of a sentence than inside one or after an opening
 * quote.
 */
const STARTERS = words(`
  he she it they i this these there the
  in at during since despite according
  but if when while although though yet so thus hence
  however moreover furthermore nevertheless nonetheless instead meanwhile otherwise indeed even finally
  some many most both
`);

/**
 * Words that have a capital only at the start of a sentence: they stand in no names, and hardly in
 * titles, which most short words do.
 */
const NEVER_IN_NAMES = words(`
  am is are was were been being has had having does did doing could should might cannot
  says said saying goes went gone going comes came coming makes made making takes took taken taking
  gives gave given giving gets got getting knows knew known thinks thought wants wanted needs needed
  uses used using works worked looks looked finds found shows showed shown tells told asks asked tries
  tried trying keeps kept puts putting means meant becomes became leaves feels felt seems seemed helps
  helped turns turned starts started runs ran moves moved lives lived believes believed brings brought
  happens happened writes wrote written stands stood loses lost pays paid meets includes included
  learns learned changes changed understands understood follows followed stops stopped speaks spoke
  reads spends spent grows grew walks walked offers offered remembers remembered considers considered
  appears appeared buys bought waits waited serves served dies died sends sent expects expected
  nothing something anything everything someone anyone everyone somebody anybody everybody nobody
  always never often sometimes usually almost already quite rather really simply soon together
  probably certainly clearly obviously apparently unfortunately fortunately eventually suddenly
  things ways days months minutes hands words ideas walls stories reasons problems questions answers
  morning evening afternoon whenever wherever whatever whether themselves himself herself itself
`);

/** English without a corpus. */
export const english: PunktParameters = {
  abbreviations: new Set(ABBREVIATIONS),
  collocations: new Set(),
  starters: new Set(STARTERS),
  contexts: new Map(NEVER_IN_NAMES.map((word) => [word, seen.lower - seen.lowerAtStart])),
};
