#!/usr/bin/env node
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DataError } from "../tensor/errors.ts";
import { parseOptions, UsageError, usage } from "./options.ts";
import { runStudy } from "./study.ts";

/** As shells count them: a process ended by SIGINT. */
const INTERRUPTED = 130;

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const)
    process.on(name, () => {
      // The second one does not wait for the measurement at hand.
      if (stop.signal.aborted) process.exit(INTERRUPTED);
      stop.abort();
      process.stderr.write("\nstopping after this step; once more to stop at once\n");
    });
  const finished = await runStudy(options, {
    out: process.stdout,
    folder: process.cwd(),
    signal: stop.signal,
    versions: { anchorgrad: await ownVersion(), node: process.versions.node },
  });
  return finished ? 0 : INTERRUPTED;
}

/** The version in the nearest package.json above this file. */
async function ownVersion(): Promise<string> {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  const text = await readFile(join(folder, "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const expected = error instanceof UsageError || error instanceof DataError;
  process.stderr.write(`anchorgrad: ${expected ? error.message : (error as Error).stack}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
