import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleScripts } from "../../bundled.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** The command line, and what it starts in processes of their own. */
const scripts = [
  "src/cli/main.ts",
  "src/experiment/sweep/worker.ts",
  "src/finetune/queue/finetuneChild.ts",
];

/** A command in a process of its own. */
export interface Started {
  readonly child: ChildProcess;
  readonly text: () => string;
  /** Resolves when what was written has so many matches. */
  readonly until: (pattern: RegExp, count?: number) => Promise<void>;
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** The command line as it is built, and a folder for each test. */
export interface Commands {
  readonly place: string;
  folder(name: string, files?: Readonly<Record<string, unknown>>): Promise<string>;
  start(folder: string, args: readonly string[], options?: StartOptions): Started;
  close(): Promise<void>;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Node's own. */
  readonly node?: readonly string[];
}

/** @param withPackages false for a place without the optional ones */
export async function openCommands(withPackages = true): Promise<Commands> {
  const place = await mkdtemp(join(tmpdir(), "anchorgrad-worker-spec-"));
  await bundleScripts(place, scripts, withPackages);
  if (!withPackages) await linkDependencies(place);
  const all = new Set<Started>();
  return {
    place,
    folder: async (name, files = {}) => {
      const folder = join(place, name);
      await mkdir(folder);
      for (const [file, content] of Object.entries(files))
        await writeFile(join(folder, file), JSON.stringify(content));
      return folder;
    },
    start: (folder, args, options) => {
      const started = start(join(place, "bin", "main.js"), folder, args, options);
      all.add(started);
      started.ended.finally(() => all.delete(started));
      return started;
    },
    close: async () => {
      for (const { child } of all) child.kill("SIGKILL");
      await Promise.all([...all].map(({ ended }) => ended));
      await rm(place, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

async function linkDependencies(place: string): Promise<void> {
  const file = await readFile(join(root, "package.json"), "utf8");
  const { dependencies } = JSON.parse(file) as { dependencies: Record<string, string> };
  for (const name of Object.keys(dependencies)) {
    const link = join(place, "node_modules", name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(root, "node_modules", name), link);
  }
}

function start(
  main: string,
  folder: string,
  args: readonly string[],
  { env = {}, node = [] }: StartOptions = {},
): Started {
  const child = spawn(process.execPath, [...node, main, ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
  });
  let written = "";
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (text: Buffer) => {
      written += text;
      for (const listener of listeners) listener();
    });
  const ended = once(child, "close").then(
    ([code, signal]) => (signal ?? code) as number | NodeJS.Signals,
  );
  const until = (pattern: RegExp, count = 1): Promise<void> =>
    new Promise((resolve, reject) => {
      const every = new RegExp(pattern, `${pattern.flags.replace("g", "")}g`);
      const look = (): void => {
        if ((written.match(every)?.length ?? 0) < count) return;
        listeners.delete(look);
        resolve();
      };
      listeners.add(look);
      look();
      ended.then(() => reject(new Error(`expected ${pattern} before the end, got ${written}`)));
    });
  return { child, text: () => written, until, ended };
}

/** Waits for the end. @throws when it ended otherwise than expected */
export async function endOf(started: Started, expected: number | NodeJS.Signals): Promise<string> {
  const got = await started.ended;
  if (got === expected) return started.text();
  throw new Error(`expected the end ${expected}, got ${got}: ${started.text()}`);
}

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** Digests of what a sweep's folder holds but for how it came about. */
export async function outcome(run: string): Promise<Record<string, string>> {
  const entries = await readdir(run, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((e) => join(e.parentPath, e.name));
  const kept = files.filter((path) => !/config\.json$|attempts\.jsonl$|\.lock/.test(path));
  const digests = kept.map(async (path) => [path.slice(run.length), sha256(await readFile(path))]);
  return Object.fromEntries((await Promise.all(digests)).sort());
}
