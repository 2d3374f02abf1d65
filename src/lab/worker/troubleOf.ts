import type { Trouble } from "./protocol.ts";

/** What kind of failure it is, for the page to say what to do. */
export function troubleOf(error: unknown): Trouble {
  const { name, message } = error as Error;
  if (/context was lost|device was lost/.test(message)) return "lost";
  if (name === "QuotaExceededError") return "storage";
  if (/memory|allocation/i.test(message)) return "memory";
  if (/is not supported|no adapter|cannot start here|expected WebAssembly/i.test(message))
    return "engine";
  return "other";
}
