import * as Plot from "../../report/plot.ts";
import { drawSvg } from "../../report/svg.ts";
import type { Distributions, TokenView } from "../measurements.ts";
import { type DataTable, tableOf } from "./export/csv.ts";
import type { Reported } from "./reported.ts";

/** The distributions at a token, in the order of the algorithm, with their colours. */
const sources = [
  { key: "snapshot", name: "before the step", color: "var(--base)" },
  { key: "anchor", name: "anchor", color: "var(--anchored)" },
  { key: "reference", name: "SFT", color: "var(--sft)" },
  { key: "next", name: "after the step", color: "var(--merge)" },
] as const;

export const sourceLegend: readonly { readonly name: string; readonly color: string }[] = sources;

/** One probability of one source at one token of one outer step. */
interface Bar {
  readonly token: TokenView["name"];
  readonly outer: number;
  readonly symbol: string;
  readonly source: string;
  readonly color: string;
  readonly probability: number;
}

const isView = (m: { readonly kind: string }): m is Distributions => m.kind === "distributions";

/** Outer steps of the main row with the first seed that has them. */
function viewsOf({ reported, main }: Reported): Distributions[] {
  const mine = reported.filter(isView).filter(({ row }) => row === main?.row.id);
  return mine.filter(({ seed }) => seed === mine[0]?.seed);
}

const barsOf = (views: readonly Distributions[]): Bar[] =>
  views.flatMap(({ outer, tokens }) =>
    tokens.flatMap((token) =>
      token.symbols.flatMap((symbol, i) =>
        sources.flatMap(({ key, name, color }): Bar[] => {
          const probability = token[key]?.[i];
          return probability === undefined
            ? []
            : [{ token: token.name, outer: outer + 1, symbol, source: name, color, probability }];
        }),
      ),
    ),
  );

/** What the three tokens are. */
const titles: Readonly<Record<TokenView["name"], string>> = {
  style: "The answer’s first token: what is taught",
  "sign-off": "The first token after the answer: the alien habit",
  prior: "A prior skill, where SFT is farthest from the base",
};

export interface TokenFigure {
  readonly title: string;
  readonly context: string;
  readonly svg: string;
}

const PANEL = 120;

/**
 * The zero of every panel: the likeliest symbols are not the same in all steps, and a panel without
 * any mark has no grid, and its neighbour an axis in the middle of the figure.
 */
const zeros = (symbols: readonly string[], outers: readonly number[]) =>
  outers.flatMap((outer) => symbols.map((symbol) => ({ outer, symbol, zero: 0 })));

/** A figure for each chosen token: a line of panels for each outer step. */
export function distributionFigures(study: Reported): TokenFigure[] {
  const views = viewsOf(study);
  const bars = barsOf(views);
  const outers = [...new Set(bars.map(({ outer }) => outer))];
  return (Object.keys(titles) as TokenView["name"][]).flatMap((name): TokenFigure[] => {
    const mine = bars.filter(({ token }) => token === name);
    const view = views[0]?.tokens.find((token) => token.name === name);
    if (mine.length === 0 || !view) return [];
    const symbols = [...new Set(mine.map(({ symbol }) => symbol))];
    const svg = drawSvg(titles[name], {
      ...{ width: 560, height: 60 + PANEL * outers.length, marginLeft: 44, marginRight: 70 },
      fx: { domain: symbols, label: null, padding: 0.15 },
      fy: { domain: outers, label: null, tickFormat: (outer: number) => `step ${outer}` },
      x: { domain: sources.map(({ name: source }) => source), axis: null },
      y: { domain: [0, 1], label: "↑ probability", grid: true, ticks: 3 },
      marks: [
        Plot.barY(mine, {
          ...{ fx: "symbol", fy: "outer", x: "source", y: "probability", fill: "color" },
          title: ({ source, symbol, probability }: Bar) =>
            `${source}(${symbol}) = ${probability.toPrecision(3)}`,
        }),
        Plot.ruleY(zeros(symbols, outers), { fx: "symbol", fy: "outer", y: "zero" }),
      ],
    });
    return [{ title: titles[name], context: view.context, svg }];
  });
}

/** The same as numbers. */
export function distributionData(study: Reported): DataTable {
  const views = viewsOf(study);
  return tableOf(
    "distributions",
    barsOf(views).map(({ color: _, ...bar }) => ({
      ...{ row: study.main?.row.id, seed: views[0]?.seed },
      ...bar,
    })),
  );
}
