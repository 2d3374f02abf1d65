/** 0.953 → `95.3` */
export const percent = (share: number, digits = 1): string => {
  const text = (share * 100).toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text;
};

/** Three decimals below 10, so that columns line up. */
export const nats = (value: number): string => value.toFixed(Math.abs(value) < 9.9995 ? 3 : 1);

/** Three decimals, or two digits where they would all be zeros: `0.031`, `4.4e-5`. */
export const smallNats = (value: number): string =>
  value === 0 || Math.abs(value) >= 1e-3 ? nats(value) : value.toExponential(1);

/** `12.3 s` below a minute, then `3:07`; a clock that was set back has no negative times. */
export function duration(seconds: number): string {
  if (seconds < 59.95) return `${Math.max(0, seconds).toFixed(1)} s`;
  const whole = Math.round(seconds);
  const clock = (n: number): string => `${n}`.padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0
    ? `${hours}:${clock(minutes)}:${clock(whole % 60)}`
    : `${minutes}:${clock(whole % 60)}`;
}

/** `85–93`: a range over seeds in one format. */
export const range = (
  { min, max }: { readonly min: number; readonly max: number },
  format: (value: number) => string,
): string => `${format(min)}–${format(max)}`;

/** 31_200 → `31,200`. Without `toLocaleString`, whose first call takes a page tens of milliseconds. */
export const count = (value: number): string =>
  `${Math.round(value)}`.replace(/\B(?=(\d{3})+$)/g, ",");

/** `1.0 KiB`, `312.5 MiB`, `3.31 GiB`. */
export function bytes(size: number): string {
  if (size < 2 ** 20) return `${(size / 2 ** 10).toFixed(1)} KiB`;
  return size < 2 ** 30
    ? `${(size / 2 ** 20).toFixed(1)} MiB`
    : `${(size / 2 ** 30).toFixed(2)} GiB`;
}
