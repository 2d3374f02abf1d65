/** @returns the paths of the pages in `out` */
export function buildSite(options: {
  /** Where to. */
  readonly out: string;
  /** The built package, or its declarations alone. */
  readonly dist: string;
  /** The built lab. */
  readonly lab: string;
}): Promise<readonly string[]>;
