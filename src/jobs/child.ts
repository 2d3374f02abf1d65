import { fork } from "node:child_process";
import { on, once } from "node:events";
import { PlaceLost } from "../queue/job.ts";

/** What runs in a process of its own. */
export interface ChildOptions {
  readonly script: string;
  /** Its only argument, as JSON. */
  readonly settings: unknown;
  /** Its only message. */
  readonly request: object;
  /** Kills it. */
  readonly signal: AbortSignal;
}

/** So many characters of what a process last wrote go into the error of its loss. */
const SAID = 2000;

/**
 * Runs a request in a new process, which ends with whoever reads its replies, and with this process.
 * @throws the signal's reason; PlaceLost when the process ends by itself
 */
export async function* inChild(options: ChildOptions): AsyncGenerator<unknown, void> {
  const { script, settings, request, signal } = options;
  signal.throwIfAborted();
  const child = fork(script, [JSON.stringify(settings)], {
    serialization: "json",
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  const ended = once(child, "close").catch(() => {});
  const lost = new AbortController();
  let said = "";
  child.stderr?.on("data", (text: Buffer) => {
    said = `${said}${text}`.slice(-SAID);
  });
  child.once("close", (code: number | null, by: NodeJS.Signals | null) => {
    const how = by ? `by ${by}` : `with code ${code}`;
    lost.abort(new PlaceLost(`its process ended ${how}${said && `: ${said.trim()}`}`));
  });
  // It could not be started, or not be told.
  child.on("error", (error) => lost.abort(new PlaceLost(`its process: ${error.message}`)));
  const kill = (): void => void child.kill("SIGKILL");
  signal.addEventListener("abort", kill, { once: true });
  try {
    const replies = on(child, "message", { signal: lost.signal });
    child.send(request, () => {});
    for await (const [reply] of replies) yield reply;
  } catch (error) {
    signal.throwIfAborted();
    throw lost.signal.aborted ? lost.signal.reason : error;
  } finally {
    signal.removeEventListener("abort", kill);
    kill();
    await ended;
  }
}
