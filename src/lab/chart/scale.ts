/** Maps numbers to pixels. */
export interface Scale {
  (x: number): number;
  readonly ticks: readonly number[];
  readonly format: (x: number) => string;
}

export type Range = readonly [from: number, to: number];

/** In so few letters that they stand beside the axis: `20k`, `0.05`, `1e-4`. */
const shown = (x: number): string => {
  if (Math.abs(x) >= 1000) return `${Math.round(x / 100) / 10}k`;
  const digits = Number(x.toPrecision(3));
  return digits !== 0 && Math.abs(digits) < 1e-3 ? digits.toExponential() : `${digits}`;
};

/** A scale whose ticks are 1, 2 or 5 times a power of ten apart. */
export function linear([from, to]: Range, [start, end]: Range, count = 5): Scale {
  const span = to - from || 1;
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const unit = [1, 2, 5, 10].find((n) => n * power >= rough) ?? 10;
  const gap = unit * power;
  const first = Math.ceil(from / gap - 1e-9);
  const last = Math.floor(to / gap + 1e-9);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * gap);
  return Object.assign((x: number) => start + ((x - from) / span) * (end - start), {
    ticks,
    format: shown,
  });
}

/** Powers of ten, for losses that fall by magnitudes. */
export function logarithmic([from, to]: Range, [start, end]: Range): Scale {
  const [low, high] = [Math.log10(from), Math.log10(to)];
  const span = high - low || 1;
  const first = Math.ceil(low - 1e-9);
  const last = Math.floor(high + 1e-9);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
  const place = (x: number): number =>
    start + ((Math.log10(Math.max(x, from)) - low) / span) * (end - start);
  return Object.assign(place, { ticks, format: shown });
}

/** From the ends of some numbers to round ones, zero included. */
export function roundedTop(values: readonly number[], least: number): number {
  const top = Math.max(least, ...values);
  const power = 10 ** Math.floor(Math.log10(top));
  return ([1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((n) => n * power >= top) ?? 10) * power;
}
