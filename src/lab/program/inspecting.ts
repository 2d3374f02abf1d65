import { type Inquiry, inspect } from "./inspect.ts";
import type { Listing } from "./listing.ts";

/** What the worker answers an inquiry with. */
export type Answer =
  | { readonly kind: "listing"; readonly listing: Listing }
  | { readonly kind: "failed"; readonly message: string };

const answer = (said: Answer): void => postMessage(said);

/** Takes a training step apart, in a worker. */
export const hear = (inquiry: Inquiry): void => {
  inspect(inquiry).then(
    (listing) => answer({ kind: "listing", listing }),
    (error: Error) => answer({ kind: "failed", message: error.message }),
  );
};
