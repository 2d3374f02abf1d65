import { builtin } from "../../engines/builtin.ts";

/**
 * Who holds a claim, or writes a file. A pid alone names nobody: it is used again, and process 1 of a
 * container is process 1 of the next.
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

type Fs = typeof import("node:fs");
type Os = typeof import("node:os");

const fs = (): Fs | undefined => builtin<Fs>("node:fs");

function orEmpty(read: (fs: Fs) => string): string {
  const files = fs();
  if (!files) return "";
  try {
    return read(files).trim();
  } catch {
    return "";
  }
}

/** What the kernel says of a process, from the third field; the second, a name, may hold anything. */
function statOf(pid: number): { readonly state: string; readonly start: string } {
  const stat = orEmpty(({ readFileSync }) => readFileSync(`/proc/${pid}/stat`, "utf8"));
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "", start: fields[19] ?? "" };
}

let own: Owner | undefined;

/** This process. It stays the same as long as it lives. */
export function thisProcess(): Owner {
  own ??= {
    ...{ pid: process.pid, start: statOf(process.pid).start },
    boot: orEmpty(({ readFileSync }) => readFileSync("/proc/sys/kernel/random/boot_id", "utf8")),
    namespace: orEmpty(({ readlinkSync }) => readlinkSync("/proc/self/ns/pid")),
    host: builtin<Os>("node:os")?.hostname() ?? "",
  };
  return own;
}

/**
 * Whether an owner still runs; undefined where that cannot be seen from here, as of another machine
 * or container.
 */
export function isRunning(owner: Owner, here: Owner): boolean | undefined {
  if (owner.host !== here.host && owner.boot === "") return undefined;
  if (owner.boot !== here.boot || owner.namespace !== here.namespace) return undefined;
  return isAlive(owner);
}

/** Whether a process of this machine, whose pid counts here, still runs; undefined where its pid may
 * be another's by now. */
export function isAlive({ pid, start }: Pick<Owner, "pid" | "start">): boolean | undefined {
  if (!isThere(pid)) return false;
  const now = statOf(pid);
  // Ended, and its parent has not asked how.
  if (now.state === "Z" || now.state === "X") return false;
  return now.start === "" || start === "" ? undefined : now.start === start;
}

function isThere(pid: number): boolean {
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
