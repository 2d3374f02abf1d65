import type { Run } from "../runs/run.ts";

/** What views draw: the run at hand, and those it is compared with. */
export interface Shown {
  readonly run: Run | undefined;
  /** The other runs that are not dropped. */
  readonly others: readonly Run[];
}

/** A part of the page that draws runs. */
export interface View {
  readonly element: HTMLElement;
  update(shown: Shown): void;
}
