import { integer, pick, type Stream } from "../../draw.ts";
import { roundFive } from "../rounding.ts";
import type { Values } from "./facts.ts";

/** The calculators of the mini, by the word that asks for each. */
export type MiniName =
  | "map"
  | "bmi"
  | "gap"
  | "dgap"
  | "corr"
  | "fluid"
  | "abw"
  | "qtc"
  | "curb"
  | "sirs"
  | "rcri";

export interface Question {
  /** The calculator's id in MedCalc-Bench. */
  readonly id: number;
  /** The words of the facts that it needs. */
  readonly needs: readonly string[];
  /** Values that keep the arithmetic round, in place of any. */
  readonly draw?: (next: Stream) => Values;
  /** The way to the answer, a symbol an element. */
  readonly steps: (values: Values) => readonly string[];
  /** The most symbols of the way and the answer. */
  readonly longest: number;
}

/** A number's characters, each a symbol. */
export const digitsOf = (value: number): readonly string[] => [...`${roundFive(value)}`];

const operations = {
  "+": (a: number, b: number) => a + b,
  "-": (a: number, b: number) => a - b,
  "*": (a: number, b: number) => a * b,
  "/": (a: number, b: number) => a / b,
};

type Operator = keyof typeof operations;

const apply = (a: number, operator: Operator, b: number): number =>
  roundFive(operations[operator](a, b));

/** `8 4 / 3 = 2 8 ;` */
const equation = (a: number, operator: Operator, b: number): string[] => [
  ...digitsOf(a),
  operator,
  ...digitsOf(b),
  "=",
  ...digitsOf(apply(a, operator, b)),
  ";",
];

/** Equations of which each goes on with the result of the one before. */
function chain(start: number, ...rest: readonly (readonly [Operator, number])[]): string[] {
  let value = start;
  return rest.flatMap(([operator, operand]) => {
    const written = equation(value, operator, operand);
    value = apply(value, operator, operand);
    return written;
  });
}

/** The conditions of a rule, each with 0 or 1, and a last `;`. */
const checks = (conditions: Readonly<Record<string, boolean>>): string[] => [
  ...Object.entries(conditions).flatMap(([condition, holds]) => [condition, holds ? "1" : "0"]),
  ";",
];

type Numbers = Readonly<Record<string, number>>;
type Flags = Readonly<Record<string, boolean>>;

const solve =
  (steps: (values: Numbers) => readonly string[]) =>
  (values: Values): readonly string[] =>
    steps(values as Numbers);

const gap = ({ na, cl, hco3 }: Numbers): string[] => {
  const anions = (cl as number) + (hco3 as number);
  return [...equation(cl as number, "+", hco3 as number), ...equation(na as number, "-", anions)];
};

export const questions: Readonly<Record<MiniName, Question>> = {
  map: {
    id: 5,
    needs: ["sbp", "dbp"],
    draw: (next) => ({ sbp: 3 * integer(next, 24, 60), dbp: 3 * integer(next, 14, 33) }),
    steps: solve(({ sbp = 0, dbp = 0 }) => [
      ...equation(sbp, "/", 3),
      ...equation(dbp, "/", 3),
      ...chain(sbp / 3, ["+", dbp / 3], ["+", dbp / 3]),
    ]),
    longest: 40,
  },
  bmi: {
    id: 6,
    needs: ["wt", "ht"],
    draw: (next) => ({ wt: 4 * integer(next, 3, 24), ht: integer(next, 1, 2) }),
    steps: solve(({ wt = 0, ht = 1 }) => [...equation(ht, "*", ht), ...equation(wt, "/", ht * ht)]),
    longest: 17,
  },
  gap: { id: 39, needs: ["na", "cl", "hco3"], steps: solve(gap), longest: 25 },
  dgap: {
    id: 63,
    needs: ["na", "cl", "hco3"],
    steps: solve((values) => {
      const { na = 0, cl = 0, hco3 = 0 } = values;
      return [...gap(values), ...equation(na - (cl + hco3), "-", 12)];
    }),
    longest: 34,
  },
  corr: {
    id: 7,
    needs: ["alb", "ca"],
    steps: solve(({ alb = 0, ca = 0 }) => [
      ...chain(4, ["-", alb], ["*", 0.8]),
      ...equation(apply(4 - alb, "*", 0.8), "+", ca),
    ]),
    longest: 33,
  },
  fluid: {
    id: 22,
    needs: ["wt"],
    steps: solve(({ wt = 0 }) => {
      if (wt < 10) return equation(wt, "*", 4);
      if (wt > 20) return chain(wt, ["-", 20], ["+", 60]);
      return chain(wt, ["-", 10], ["*", 2], ["+", 40]);
    }),
    longest: 29,
  },
  abw: {
    id: 62,
    needs: ["sex", "inch", "wt"],
    draw: (next) => {
      const inch = pick(next, [60, 70]);
      return { sex: "M", inch, wt: 50 + 2.3 * (inch - 60) + 5 * integer(next, -2, 5) };
    },
    steps: solve(({ inch = 0, wt = 0 }) => {
      const ideal = roundFive(50 + 2.3 * (inch - 60));
      return [
        ...chain(inch, ["-", 60], ["*", 2.3], ["+", 50]),
        ...chain(wt, ["-", ideal], ["*", 0.4], ["+", ideal]),
      ];
    }),
    longest: 61,
  },
  qtc: {
    id: 59,
    needs: ["qt", "hr"],
    draw: (next) => ({ qt: 20 * integer(next, 15, 25), hr: pick(next, [60, 105, 150]) }),
    steps: solve(({ qt = 0, hr = 0 }) => chain(hr, ["+", 120], ["/", 180], ["*", qt])),
    longest: 42,
  },
  curb: {
    id: 45,
    needs: ["age", "conf", "bun", "rr", "sbp", "dbp"],
    steps: (values) => {
      const { age = 0, bun = 0, rr = 0, sbp = 0, dbp = 0 } = values as Numbers;
      const { conf = false } = values as Flags;
      return checks({
        "age>=65": age >= 65,
        conf,
        "bun>19": bun > 19,
        "rr>=30": rr >= 30,
        lowbp: sbp < 90 || dbp <= 60,
      });
    },
    longest: 13,
  },
  sirs: {
    id: 51,
    needs: ["temp", "hr", "wbc", "rr"],
    steps: solve(({ temp = 0, hr = 0, wbc = 0, rr = 0 }) =>
      checks({
        "temp>38|<36": temp > 38 || temp < 36,
        "hr>90": hr > 90,
        "wbc>12|<4": wbc > 12 || wbc < 4,
        "rr>20": rr > 20,
      }),
    ),
    longest: 11,
  },
  rcri: {
    id: 17,
    needs: ["surg", "ihd", "chf", "cva", "ins", "cr"],
    steps: (values) => {
      const { surg, ihd, chf, cva, ins } = values as Flags;
      const flags = { surg, ihd, chf, cva, ins } as Flags;
      return checks({ ...flags, "cr>2": ((values as Numbers)["cr"] as number) > 2 });
    },
    longest: 15,
  },
};

/** The conditions that rules are written with, apart from the facts' own words. */
export const conditionWords: readonly string[] = [
  ...["age>=65", "bun>19", "rr>=30", "lowbp"],
  ...["temp>38|<36", "hr>90", "wbc>12|<4", "rr>20", "cr>2"],
];
