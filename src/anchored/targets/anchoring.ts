import type { Params } from "../../nn/config.ts";
import type { Example } from "../../train/examples.ts";
import type { Look } from "../certificates/look.ts";
import type { AnchorSetting } from "./responseRows.ts";
import type { Targets } from "./targets.ts";

/** One outer step's look at its frozen models. */
export interface OuterLook {
  readonly setting: AnchorSetting;
  /** The anchor at the targets of the data. */
  target(): Promise<Targets>;
  /**
   * What certifies the step.
   * @param examples looks at so many, from the first
   */
  after(next: Params, examples: number): Promise<Look>;
  /** Frees what is held for this step. */
  release(): void;
}

/** Looks at the outer steps of a run, all at the same examples. */
export interface Anchoring {
  /**
   * @param student p_t
   * @param between the anchor's own parameters, where it is a model
   * @param setting where the anchor lies; by default where the plan says
   */
  begin(student: Params, between?: Params, setting?: AnchorSetting): Promise<OuterLook>;
}

export interface AnchoringOptions {
  readonly data: readonly Example[];
  /** Positions to which rows are padded; by default as far as each batch needs. */
  readonly length?: number;
  /** Whether the way from the first student is looked at too. */
  readonly cumulative?: boolean;
  /** Whether the first student to be seen need not be the run's first. */
  readonly resumed?: boolean;
}
