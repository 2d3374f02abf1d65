/** What the system says of files, places and itself, in words. */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  EISDIR: "a folder",
  EACCES: "no permission",
  EPERM: "no permission",
  ENOTDIR: "a file where a folder should be",
  EEXIST: "one that is there already",
  ENOTEMPTY: "a folder that holds something",
  EBUSY: "one that is in use",
  ESTALE: "a file that its server no longer has",
  ENOSPC: "no space left",
  EDQUOT: "no space left of this user's",
  EFBIG: "a file that is too large",
  EROFS: "a read-only place",
  EMFILE: "no file handles left for this process (ulimit -n)",
  ENFILE: "no file handles left on this machine",
  EAGAIN: "no processes or threads left (ulimit -u)",
  ENOMEM: "no memory left",
  ENAMETOOLONG: "a name that is too long",
  ELOOP: "links that go round",
  EIO: "an error of the disk",
  ERR_WORKER_OUT_OF_MEMORY: "no memory left for a thread",
  ERR_WORKER_INIT_FAILED: "no memory or handles left for a thread",
};

/** An error's words: where, and what the system said of it, or its own. */
export function errorText(error: unknown): string {
  const reason = systemReason(error);
  if (!(error instanceof Error)) return `${error}`;
  const { message, path, syscall } = error as NodeJS.ErrnoException;
  return reason === undefined
    ? message
    : `${path ?? syscall ?? "the system"}: expected a place to work in, got ${reason}`;
}

/** What the system said where it refused, in words; undefined for other errors. */
export function systemReason(error: unknown): string | undefined {
  const code =
    error instanceof Error ? (error as Error & { readonly code?: unknown }).code : undefined;
  // What no path can hold.
  if (code === "ERR_INVALID_ARG_VALUE" && /null bytes/.test((error as Error).message))
    return "a name with a NUL in it";
  return typeof code === "string" && Object.hasOwn(reasons, code) ? reasons[code] : undefined;
}
