import type { Role } from "./worker.ts";

/** Starts a thread beside the page's. */
export const startWorker = (role: Role): Worker =>
  new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: role });
