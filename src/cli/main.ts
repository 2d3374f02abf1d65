#!/usr/bin/env node
import { visibleLines } from "../experiment/escape.ts";
import { DataError } from "../tensor/errors.ts";
import { commandOf, globalUsage } from "./commands.ts";
import { UsageError } from "./terminal/usage.ts";
import { ownVersions } from "./terminal/version.ts";

/** As shells count them: a process ended by SIGINT. */
const INTERRUPTED = 130;

async function main(line: readonly string[]): Promise<number> {
  const { stdout: out, stderr: err } = process;
  const { command, args } = commandOf(line);
  if (args.includes("--help") || args.includes("-h")) {
    out.write(command.name === line[0] ? command.usage : `${command.usage}${globalUsage}`);
    return 0;
  }
  if (args.includes("--version")) {
    out.write(`${(await ownVersions())["anchorgrad"]}\n`);
    return 0;
  }
  // Whoever reads the output, such as `head`, may have had enough.
  out.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(0);
  });
  const folder = process.cwd();
  const terminal = { out, err, folder, signal: interruption(), fetch: globalThis.fetch };
  return (await command.run(args, terminal)) ? 0 : INTERRUPTED;
}

/** Aborted by the first signal to stop. */
function interruption(): AbortSignal {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const)
    process.on(name, () => {
      // The second one does not wait for the measurement at hand.
      if (stop.signal.aborted) process.exit(INTERRUPTED);
      stop.abort();
      process.stderr.write("\nstopping after this step; once more to stop at once\n");
    });
  return stop.signal;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const expected = error instanceof UsageError || error instanceof DataError;
  const what = expected ? error.message : `${error instanceof Error ? error.stack : error}`;
  process.stderr.write(`anchorgrad: ${visibleLines(what)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
