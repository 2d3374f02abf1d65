import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";

/**
 * Who holds a claim. A pid alone names nobody: it is used again, and process 1 of a container is
 * process 1 of the next.
 */
export interface Owner {
  readonly pid: number;
  /** Start of the process, as the kernel counts it; empty where that cannot be known. */
  readonly start: string;
  /** Of the kernel: it differs between machines, and after each boot. */
  readonly boot: string;
  /** Within which pids are counted: each container has its own. */
  readonly namespace: string;
  /** For messages. */
  readonly host: string;
}

const orEmpty = (text: Promise<string>): Promise<string> =>
  text.then(
    (found) => found.trim(),
    () => "",
  );

/** What the kernel says of a process, from the third field; the second, a name, may hold anything. */
async function statOf(pid: number): Promise<{ readonly state: string; readonly start: string }> {
  const stat = await orEmpty(readFile(`/proc/${pid}/stat`, "utf8"));
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "", start: fields[19] ?? "" };
}

/** This process. */
export async function thisProcess(): Promise<Owner> {
  const [{ start }, boot, namespace] = await Promise.all([
    statOf(process.pid),
    orEmpty(readFile("/proc/sys/kernel/random/boot_id", "utf8")),
    orEmpty(readlink("/proc/self/ns/pid")),
  ]);
  return { pid: process.pid, start, boot, namespace, host: hostname() };
}

/**
 * Whether an owner still runs; undefined where that cannot be seen from here, as of another machine
 * or container.
 */
export async function isRunning(owner: Owner, here: Owner): Promise<boolean | undefined> {
  if (owner.host !== here.host && owner.boot === "") return undefined;
  if (owner.boot !== here.boot || owner.namespace !== here.namespace) return undefined;
  if (!isAlive(owner.pid)) return false;
  const { state, start } = await statOf(owner.pid);
  // Ended, and its parent has not asked how.
  if (state === "Z" || state === "X") return false;
  // Without a start the pid may be another's by now.
  return start === "" || owner.start === "" ? undefined : start === owner.start;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process is alive all the same.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** An owner as a file holds it; undefined for anything else. */
export function ownerIn(text: string): Owner | undefined {
  try {
    const { pid, start, boot, namespace, host } = JSON.parse(text) as Record<string, unknown>;
    const texts = [start, boot, namespace, host];
    const isOwner = Number.isSafeInteger(pid) && Number(pid) > 0 && texts.every(isText);
    return isOwner ? (JSON.parse(text) as Owner) : undefined;
  } catch {
    return undefined;
  }
}

const isText = (value: unknown): boolean => typeof value === "string" && value.length < 300;
