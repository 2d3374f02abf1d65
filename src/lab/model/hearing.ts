import { filesIn } from "../../weights/web/filesIn.ts";
import type { Ask, Doing, Tell } from "./protocol.ts";
import { createSession } from "./session.ts";

// The thread that holds a model. One thing after another; only `stop` comes in between.
const tell = (told: Tell): void => postMessage(told);
const session = createSession(async (path) => {
  let folder = await navigator.storage.getDirectory();
  for (const part of path.split("/")) folder = await folder.getDirectoryHandle(part);
  return filesIn(folder as unknown as Parameters<typeof filesIn>[0]);
}, tell);

let last = Promise.resolve();
let stopping = new AbortController();

/** Obeys the page. */
export const hear = (ask: Ask): void => {
  if (ask.kind === "stop") {
    stopping.abort();
    return;
  }
  last = last.then(() => carryOut(ask));
};

const doings: Readonly<Record<Exclude<Ask["kind"], "stop" | "forget">, Doing>> = {
  ...{ open: "open", say: "talk", plan: "plan", train: "train" },
};

async function carryOut(ask: Exclude<Ask, { kind: "stop" }>): Promise<void> {
  stopping = new AbortController();
  try {
    if (ask.kind === "open") await session.open(ask);
    else if (ask.kind === "say") await session.say(ask, stopping.signal);
    else if (ask.kind === "plan") await session.plan(ask);
    else if (ask.kind === "train") await session.train(stopping.signal);
    else session.forget();
  } catch (error) {
    const doing = ask.kind === "forget" ? "talk" : doings[ask.kind];
    tell({ kind: "failed", doing, message: (error as Error).message });
  }
  tell({ kind: "idle" });
}
