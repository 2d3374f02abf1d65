/// <reference lib="webworker" />
import { type Inquiry, inspect } from "./inspect.ts";
import type { Listing } from "./listing.ts";

/** What the worker answers an inquiry with. */
export type Answer =
  | { readonly kind: "listing"; readonly listing: Listing }
  | { readonly kind: "failed"; readonly message: string };

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;
const answer = (said: Answer): void => scope.postMessage(said);

scope.onmessage = ({ data }: MessageEvent<Inquiry>) => {
  inspect(data).then(
    (listing) => answer({ kind: "listing", listing }),
    (error: Error) => answer({ kind: "failed", message: error.message }),
  );
};
