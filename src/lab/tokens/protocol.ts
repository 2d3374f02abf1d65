import type { TokenShares } from "../../experiment/look/tokenViews.ts";
import type { Recipe, RowRecipe } from "../../experiment/recipe.ts";

/** An example of a study. */
export interface Choice {
  /** `"target"`, `"training"` or a prior skill. */
  readonly group: string;
  /** From 0. */
  readonly index: number;
}

/** A token of an example's response. */
export interface TokenChoice extends Choice {
  /** From 0. */
  readonly position: number;
}

/** The examples of a group, their prompts as text. */
export interface Group {
  readonly name: string;
  readonly prompts: readonly string[];
}

/** Models that are compared, by the names under which they were sent. */
export interface Compared {
  readonly snapshot: string;
  readonly reference?: string | undefined;
  readonly next: string;
  /** Where the anchor lies between the first two, for methods that freeze one. */
  readonly anchor?: { readonly row: RowRecipe; readonly alpha: number } | undefined;
}

/** A token of a response, as each model sees it. */
export interface SeenToken extends TokenShares {
  readonly symbol: string;
  /** KL(p_t ‖ p_θ), nats. */
  readonly moved: number;
}

/** An example, as each model sees it. */
export interface Seen {
  readonly prompt: readonly string[];
  readonly response: readonly SeenToken[];
}

/** What the page asks about tokens. */
export type Question =
  | { readonly kind: "study"; readonly recipe: Recipe; readonly seed: number }
  /** A model's weights as safetensors; they replace those of the same name. */
  | { readonly kind: "model"; readonly name: string; readonly weights: Uint8Array }
  | { readonly kind: "see"; readonly choice: Choice; readonly models: Compared }
  /** Where in the study a token is that a measurement tells of. */
  | { readonly kind: "find"; readonly context: string; readonly label: string };

/** The answers, each to the question of its kind. */
export type Answer =
  | { readonly kind: "study"; readonly groups: readonly Group[] }
  | { readonly kind: "model" }
  | { readonly kind: "see"; readonly seen: Seen }
  | { readonly kind: "find"; readonly found: TokenChoice | undefined }
  | { readonly kind: "failed"; readonly message: string };
