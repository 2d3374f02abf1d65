/** 1.5 KiB, 12.0 MiB. */
export function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB"];
  const power = Math.min(3, Math.floor(Math.log2(Math.max(1, count)) / 10));
  const value = count / 1024 ** power;
  const digits = power === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[power]}`;
}

/** Milliseconds as people read them: 3.21 ms, 45 µs. */
export function time(milliseconds: number): string {
  if (milliseconds >= 1) return `${milliseconds.toPrecision(3)} ms`;
  const micro = 1000 * milliseconds;
  return `${micro >= 10 ? micro.toFixed(0) : micro.toFixed(1)} µs`;
}

export const percent = (share: number): string =>
  `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;

export const shape = (lengths: readonly number[]): string => `[${lengths.join(", ")}]`;

export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
