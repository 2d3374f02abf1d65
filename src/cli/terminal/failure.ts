import { systemReason } from "../../json/reasons.ts";
import { visibleLines } from "../../report/escape.ts";
import { DataError } from "../../tensor/errors.ts";
import { UsageError } from "./usage.ts";

/** What the system says of a file or of itself; undefined for other errors. */
export function reasonOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const said = systemReason(error);
  if (said !== undefined) return said;
  // Engines say it in many ways: `ulimit -v`, a container's limit.
  return /could not allocate|allocation failed|out of memory/i.test(error.message)
    ? "no memory left"
    : undefined;
}

/** What a command that failed says: one line for what people can mend, the stack for a fault of ours. */
export function failureText(error: unknown): string {
  return `anchorgrad: ${visibleLines(whatFailed(error))}\n`;
}

/** Whether an error says no more than that the signal was heard: what was going on ended in it. */
export const isOfStop = (error: unknown, signal: AbortSignal): boolean =>
  signal.aborted && error instanceof Error && error.name === "AbortError";

/** No engine of that kind here: another `--backend`, a driver or a package mends it. */
const NO_ENGINE = /^createEngine: \w+ cannot start here: /;

function whatFailed(error: unknown): string {
  if (error instanceof UsageError || error instanceof DataError) return error.message;
  if (error instanceof Error && NO_ENGINE.test(error.message)) return error.message;
  const reason = reasonOf(error);
  if (reason === undefined) return error instanceof Error ? `${error.stack}` : `${error}`;
  const { path, syscall, message } = error as NodeJS.ErrnoException;
  if (path === undefined && syscall === undefined)
    return `expected memory, got ${reason} (${message})`;
  return `${path ?? syscall}: expected a place to work in, got ${reason}`;
}

/** A stream whose errors end the process. */
type Stream = Pick<NodeJS.WriteStream, "on">;

/**
 * Ends the process when its output cannot be written: quietly where whoever reads it, such as
 * `head`, has had enough; with a line where there is no space. Without its notes it goes on.
 */
export function endWithOutput(
  out: Stream,
  err: Stream & { write(text: string): unknown },
  exit: (code: number) => void,
): void {
  out.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return exit(0);
    err.write(
      `anchorgrad: output: expected a place to write to, got ${reasonOf(error) ?? error.message}\n`,
    );
    exit(1);
  });
  err.on("error", () => {});
}
