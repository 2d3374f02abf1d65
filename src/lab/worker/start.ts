import type { Role } from "./worker.ts";
import address from "./worker.ts?worker&url";

const start = (place: string, role: Role): Worker =>
  new Worker(place, { type: "module", name: role });

/** Starts a thread beside the page's. */
export const startWorker = (role: Role): Worker => start(address, role);

/** The thread that may ask the Hub: the service worker lets this one alone, by its address. */
export const startHubWorker = (): Worker => start(`${address}?hub`, "pulling");
