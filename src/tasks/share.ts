/** The share of the true ones; 0 of none. */
export const shareOf = (values: readonly boolean[]): number =>
  values.length === 0 ? 0 : values.filter(Boolean).length / values.length;
