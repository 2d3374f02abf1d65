/** Distance in units of the last place of the float32 nearest to `want`. */
export function ulps(got: number, want: number): number {
  const rounded = Math.fround(want);
  if (got === rounded || (Number.isNaN(got) && Number.isNaN(want))) return 0;
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(rounded))));
  return Math.abs(got - want) / 2 ** (exponent - 23);
}
