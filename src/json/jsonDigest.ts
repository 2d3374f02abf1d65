import { canonicalJson } from "./canonicalJson.ts";
import { hex } from "./hex.ts";

/** SHA-256 of a value's canonical JSON, in hexadecimal: equal for equal values, in Node and in pages. */
export async function jsonDigest(value: unknown): Promise<string> {
  const bytes = new TextEncoder().encode(canonicalJson(value));
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}
