/** What the address says after `#`. */
export const parameters = (): URLSearchParams => new URLSearchParams(location.hash.slice(1));

/** Changes what the address says, without a step in the history. */
export function setParameters(change: (parameters: URLSearchParams) => void): void {
  const next = parameters();
  change(next);
  history.replaceState(null, "", `#${next}`);
}
