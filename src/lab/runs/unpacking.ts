/// <reference lib="webworker" />
import { type PackedRun, unpackZip } from "./zip.ts";

/** A zip file to unpack. */
export interface Packed {
  readonly bytes: Uint8Array;
  readonly name: string;
}

/** What became of it. */
export type Unpacked =
  | { readonly kind: "unpacked"; readonly run: PackedRun }
  | { readonly kind: "refused"; readonly message: string };

/** Unpacks beside the page, which does not stand still meanwhile. */
export async function hear({ bytes, name }: Packed): Promise<void> {
  const scope = globalThis as unknown as DedicatedWorkerGlobalScope;
  const answer = await unpackZip(bytes, name).then(
    (run): Unpacked => ({ kind: "unpacked", run }),
    (error: Error): Unpacked => ({ kind: "refused", message: error.message }),
  );
  scope.postMessage(answer);
}
