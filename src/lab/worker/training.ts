import { lockOf } from "../runs/places.ts";
import { openStorage, type Storage } from "../runs/storage.ts";
import { createGate } from "./gate.ts";
import type { Assignment, Order, Report } from "./protocol.ts";
import { work } from "./session.ts";
import { troubleOf } from "./troubleOf.ts";

// The thread that trains: the page sends orders, this sends reports.
const tell = (report: Report): void => postMessage(report);
const gate = createGate((waiting) => tell({ kind: waiting ? "paused" : "running" }));

/** Hands what would go with this worker to the page. */
const mirrored = (storage: Storage): Storage =>
  storage.lasting
    ? storage
    : {
        ...storage,
        async write(path, content) {
          await storage.write(path, content);
          tell({ kind: "file", path, content });
        },
      };

async function begin(assignment: Assignment): Promise<void> {
  const storage = mirrored(await openStorage());
  // Other tabs see by the lock that somebody works on this run.
  await navigator.locks.request(lockOf(assignment.name), () =>
    work(assignment, { storage, gate, tell, version: __VERSION__ }),
  );
}

/** Obeys the page. */
export const hear = (order: Order): void => {
  if (order.kind !== "run") {
    gate[order.kind]();
    return;
  }
  tell({ kind: "running" });
  begin(order.assignment).catch((error: Error) =>
    tell({ kind: "failed", trouble: troubleOf(error), message: error.message }),
  );
};
