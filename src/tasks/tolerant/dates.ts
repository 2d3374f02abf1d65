/** Dates and spans of time as people write them. */

const MONTHS = [
  ...["january", "february", "march", "april", "may", "june", "july", "august"],
  ...["september", "october", "november", "december"],
];

/** The number of a month, 1 to 12, by its name or the first three letters or more of it. */
const monthOf = (name: string): number => {
  const plain = name.toLowerCase();
  return plain.length < 3 ? 0 : MONTHS.findIndex((month) => month.startsWith(plain)) + 1;
};

const DAY = "(\\d{1,2})(?:st|nd|rd|th)?";
const NAME = "([A-Za-z]{3,9})\\.?";
const YEAR = "(\\d{4})";
const FREE = "(?<![\\d/.-])";
const DONE = "(?![\\d/-])";

type Parts = readonly [year: number, month: number, day: number];
type Order = (a: string, b: string, c: string) => Parts;

/** Each spelling, and which of its three parts is what. */
const SPELLINGS: readonly (readonly [pattern: RegExp, order: Order])[] = [
  // 2023-05-07, 2023/5/7
  [
    new RegExp(`${FREE}${YEAR}([-/.])(\\d{1,2})\\2(\\d{1,2})${DONE}`, "g"),
    (year, month, day) => [Number(year), Number(month), Number(day)],
  ],
  // 05/07/2023, 5-7-2023: the month first, as the benchmark writes it
  [
    new RegExp(`${FREE}(\\d{1,2})([-/])(\\d{1,2})\\2${YEAR}${DONE}`, "g"),
    (month, day, year) => [Number(year), Number(month), Number(day)],
  ],
  // 7.5.2023: the day first, wherever dots are used
  [
    new RegExp(`${FREE}(\\d{1,2})(\\.)(\\d{1,2})\\.${YEAR}${DONE}`, "g"),
    (day, month, year) => [Number(year), Number(month), Number(day)],
  ],
  // May 7, 2023; May 7th 2023
  [
    new RegExp(`\\b${NAME}( {1,2})(?:the )?${DAY}(?:,| of|,? in)? {0,2}${YEAR}${DONE}`, "g"),
    (month, day, year) => [Number(year), monthOf(month), Number(day)],
  ],
  // 7 May 2023; 7th of May, 2023; 07-May-2023
  [
    new RegExp(`${FREE}${DAY}( {1,2}|-)(?:of )?${NAME}(?:, {0,2}|[ -]{1,2})${YEAR}${DONE}`, "g"),
    (day, month, year) => [Number(year), monthOf(month), Number(day)],
  ],
];

/** `05/07/2023` if there is such a day. */
function written([year, month, day]: Parts): string | undefined {
  const time = new Date(0);
  time.setUTCFullYear(year, month - 1, day);
  const exists = year > 0 && time.getUTCMonth() + 1 === month && time.getUTCDate() === day;
  if (!exists) return undefined;
  const pad = (part: number, length: number): string => `${part}`.padStart(length, "0");
  return `${pad(month, 2)}/${pad(day, 2)}/${pad(year, 4)}`;
}

/** The last date of a text, in any usual spelling, as `MM/DD/YYYY`; undefined without one. */
export function lastDate(text: string): string | undefined {
  // Signs that stand for the hyphen, and days that stand in front, tell nothing.
  const plain = text.replace(/[\u2010-\u2015\u2212]/g, "-");
  let [found, place]: [string | undefined, number] = [undefined, -1];
  for (const [pattern, order] of SPELLINGS)
    for (const match of plain.matchAll(pattern)) {
      const [, first = "", , second = "", third = ""] = match;
      const date = written(order(first, second, third));
      if (date !== undefined && match.index >= place) [found, place] = [date, match.index];
    }
  return found;
}

const WEEKS = /(?<![\d.,/+])(\d{1,6}(?:\.\d{1,6})?) ?(?:weeks?|wks?|w)(?![A-Za-z])/gi;
const DAYS = /(?<![\d.,/])(\d{1,6}) ?(?:days?|d)(?![A-Za-z])/gi;
/** `17+4 weeks`, `17 4/7 weeks`. */
const SEVENTHS =
  /(?<![\d.,])(\d{1,3})(?: ?\+ ?(\d)(?:\/7)?| (\d)\/7) ?(?:weeks?|wks?|w)(?![A-Za-z])/i;
/** `(17, 4)`, `17 + 4`, `17+4/7` and `17, 4`. */
const PAIR = /(?<!\d)(\d{1,3}) {0,2}(?:,|\+) {0,2}(\d)(?:\/7)?(?!\d)/;

const last = (text: string, pattern: RegExp): number | undefined => {
  const digits = [...text.matchAll(pattern)].at(-1)?.[1];
  return digits === undefined ? undefined : Number(digits);
};

/** Days of weeks with decimals: 17.57 weeks are 123 days, 17.5 weeks no whole number of them. */
function wholeDays(days: number): number | undefined {
  const near = Math.round(days);
  return Math.abs(days - near) < 0.08 ? near : undefined;
}

/** The days of a span: `17 weeks and 4 days`, `17w4d`, `123 days`, `(17, 4)`. */
export function daysIn(text: string): number | undefined {
  const plain = text.replace(/['"\u2018-\u201d]/g, "");
  const [, whole, added, sevenths] = SEVENTHS.exec(plain) ?? [];
  if (whole !== undefined) return 7 * Number(whole) + Number(added ?? sevenths);
  const [weeks, days] = [last(plain, WEEKS), last(plain, DAYS)];
  if (weeks !== undefined || days !== undefined) return wholeDays(7 * (weeks ?? 0) + (days ?? 0));
  const [, first, second] = PAIR.exec(plain) ?? [];
  return first === undefined ? undefined : 7 * Number(first) + Number(second);
}
