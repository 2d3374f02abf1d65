import { rm } from "node:fs/promises";
import { join } from "node:path";
import { readIfThere, writeWhole } from "../../weights/files.ts";
import { UsageError } from "./usage.ts";

const fileOf = (run: string): string => join(run, "running.pid");

/** The process that works on a run, if one does. */
export async function workerOf(run: string): Promise<number | undefined> {
  const bytes = await readIfThere(fileOf(run));
  const pid = Number(new TextDecoder().decode(bytes));
  return pid > 0 && isAlive(pid) ? pid : undefined;
}

/**
 * Keeps a run to this process: two would write each other's files.
 * @returns gives it back
 * @throws UsageError while another process works on it
 */
export async function claim(run: string): Promise<() => Promise<void>> {
  const worker = await workerOf(run);
  if (worker !== undefined)
    throw new UsageError(
      `${run}: expected a run that nobody works on, got that of process ${worker}`,
    );
  await writeWhole(fileOf(run), `${process.pid}\n`);
  return () => rm(fileOf(run), { force: true });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process is alive all the same.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
