import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

/** A queue's server in a folder of its own, which may die and come back with what it kept. */
export interface QueueServer {
  /** With a password where its kind has one. */
  readonly url: string;
  readonly pid: () => number;
  start(): Promise<void>;
  /** `kill −9`. */
  kill(): Promise<void>;
  /** As its operator stops it: with all that it was told on the disk. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** How the servers of a kind are started; without one, why not. */
export interface ServerKind {
  readonly name: "redis" | "postgres";
  /** Undefined where there is no such server to start. */
  readonly absent: string | undefined;
  open(): Promise<QueueServer>;
}

const versions = (root: string): string[] =>
  existsSync(root) ? readdirSync(root).map((version) => join(root, version, "bin")) : [];
const folders = [
  ...(process.env["PATH"] ?? "").split(delimiter),
  ...versions("/usr/lib/postgresql"),
];
const find = (program: string): string | undefined =>
  folders.map((folder) => join(folder, program)).find(existsSync);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });

/** Starts a program again until somebody answers at its port. */
async function started(begin: () => ChildProcess, port: number): Promise<ChildProcess> {
  for (let tries = 0; tries < 50; tries++) {
    const child = begin();
    let said = "";
    child.stderr?.on("data", (text: Buffer) => {
      said += text;
    });
    const ended = once(child, "exit");
    while (child.exitCode === null && child.signalCode === null) {
      if (await answers(port)) return child;
      await Promise.race([wait(50), ended]);
    }
    // A postmaster waits for the processes of the one that was killed.
    if (!said.includes("shared memory block")) throw new Error(said);
    await wait(100);
  }
  throw new Error("expected the server to start within its tries");
}

interface ServerOptions {
  readonly begin: () => ChildProcess;
  readonly port: number;
  readonly url: string;
  readonly folder: string;
  /** Which asks it to stop, whoever is connected. */
  readonly stop: NodeJS.Signals;
}

function server({ begin, port, url, folder, stop }: ServerOptions): QueueServer {
  let child: ChildProcess | undefined;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  };
  return {
    url,
    pid: () => child?.pid ?? 0,
    start: async () => {
      child = await started(begin, port);
    },
    kill: () => end("SIGKILL"),
    stop: () => end(stop),
    close: async () => {
      await end("SIGKILL");
      // Processes of a killed postmaster may write for a moment.
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}

const folderFor = (name: string): Promise<string> => mkdtemp(join(tmpdir(), `anchorgrad-${name}-`));

/** Must not be seen on any command line, nor in what anybody writes. */
export const PASSWORD = "not-to-be-seen";

export const redis: ServerKind = {
  name: "redis",
  absent: find("redis-server") ? undefined : "no redis-server; spec/install-servers.sh installs it",
  open: async () => {
    const [folder, port] = [await folderFor("redis"), await freePort()];
    const args = [
      ...["--port", `${port}`, "--bind", "127.0.0.1", "--dir", folder, "--save", ""],
      ...[
        "--requirepass",
        PASSWORD,
        "--appendonly",
        "yes",
        "--appendfsync",
        "everysec",
        "--maxmemory-policy",
        "noeviction",
      ],
    ];
    const begin = (): ChildProcess =>
      spawn(find("redis-server") ?? "", args, { stdio: ["ignore", "ignore", "pipe"] });
    const url = `redis://:${PASSWORD}@127.0.0.1:${port}`;
    const redis = server({ begin, port, url, folder, stop: "SIGTERM" });
    await redis.start();
    return redis;
  },
};

/** PostgreSQL does not run as root. */
function unprivileged(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const idOf = (kind: string): number => Number(execFileSync("id", [kind, "postgres"]).toString());
  return { uid: idOf("-u"), gid: idOf("-g") };
}

const postgres: ServerKind = {
  name: "postgres",
  absent: find("initdb") ? undefined : "no PostgreSQL; spec/install-servers.sh installs it",
  open: async () => {
    const [folder, port, owner] = [await folderFor("postgres"), await freePort(), unprivileged()];
    if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid ?? 0);
    const data = join(folder, "data");
    const own = { ...owner, cwd: folder };
    execFileSync(
      find("initdb") ?? "",
      ["-D", data, "-U", "anchorgrad", "--auth=trust", "--no-sync", "--no-locale", "-E", "UTF8"],
      { ...own, stdio: "ignore" },
    );
    const settings = {
      ...{ port, listen_addresses: "127.0.0.1", unix_socket_directories: folder },
      ...{ shared_buffers: "16MB", max_connections: 100 },
    };
    const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const begin = (): ChildProcess =>
      spawn(find("postgres") ?? "", ["-D", data, ...args], {
        ...own,
        stdio: ["ignore", "ignore", "pipe"],
      });
    const url = `postgres://anchorgrad@127.0.0.1:${port}/postgres`;
    const postgres = server({ begin, port, url, folder, stop: "SIGINT" });
    await postgres.start();
    return postgres;
  },
};

export const kinds: readonly ServerKind[] = [redis, postgres];
