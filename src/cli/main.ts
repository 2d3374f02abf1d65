#!/usr/bin/env node
import { askedOf, overview } from "./commands.ts";
import { endWithOutput, failureText, isOfStop } from "./terminal/failure.ts";
import { reflow } from "./terminal/reflow.ts";
import { UsageError } from "./terminal/usage.ts";
import { ownVersions } from "./terminal/version.ts";

/** As shells count them: a process ended by SIGINT. */
const INTERRUPTED = 130;

async function main(line: readonly string[], stop: AbortController): Promise<number> {
  const { stdout: out, stderr: err } = process;
  endWithOutput(out, err, (code) => process.exit(code));
  const asked = askedOf(line);
  if (asked.kind === "overview") {
    out.write(overview);
    return 0;
  }
  if (asked.kind === "version") {
    out.write(`${(await ownVersions())["anchorgrad"]}\n`);
    return 0;
  }
  const command = await asked.row.load();
  if (asked.kind === "help") {
    out.write(reflow(command.usage));
    return 0;
  }
  const folder = process.cwd();
  const { stdin: input } = process;
  hearInterruptions(stop);
  const terminal = { out, err, folder, signal: stop.signal, fetch: globalThis.fetch, input };
  return (await command.run(asked.args, terminal)) ? 0 : INTERRUPTED;
}

/** The first signal to stop aborts. */
function hearInterruptions(stop: AbortController): void {
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(name, () => {
      // The second one does not wait for the measurement at hand.
      if (stop.signal.aborted) process.exit(INTERRUPTED);
      stop.abort();
      process.stderr.write("\nstopping after this step; once more to stop at once\n");
    });
}

const stop = new AbortController();
try {
  process.exitCode = await main(process.argv.slice(2), stop);
} catch (error) {
  const isEnd = isOfStop(error, stop.signal);
  if (!isEnd) process.stderr.write(failureText(error));
  process.exitCode = isEnd ? INTERRUPTED : error instanceof UsageError ? 2 : 1;
}
