import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { PATIENCE } from "../browser/chromium.ts";

/** Firefox where it is installed; FIREFOX names another place. */
export const firefoxPath: string | undefined = [
  process.env["FIREFOX"],
  "/usr/bin/firefox-esr",
  "/usr/bin/firefox",
].find((path) => path !== undefined && existsSync(path));

/** A tab of a Firefox with a profile of its own. */
export interface Tab extends AsyncDisposable {
  open(url: string): Promise<void>;
  /** Runs the body of a function in the page, and waits where it returns a promise. */
  run<T>(body: string): Promise<T>;
  /** The ids of Firefox's processes; of none where the system does not tell. */
  processes(): number[];
}

/** Firefox speaks Marionette: lists in JSON, each after its length and a colon. */
class Marionette {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (failure: Error | undefined, result: unknown) => void>();
  #received = Buffer.alloc(0);
  #last = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => this.#take(bytes));
  }

  send<T>(command: string, parameters: object): Promise<T> {
    const id = ++this.#last;
    const text = JSON.stringify([0, id, command, parameters]);
    this.#socket.write(`${Buffer.byteLength(text)}:${text}`);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, (failure, result) =>
        failure ? reject(failure) : resolve(result as T),
      );
    });
  }

  #take(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    for (;;) {
      const colon = this.#received.indexOf(":");
      const end = colon + 1 + Number(this.#received.subarray(0, Math.max(0, colon)));
      if (colon < 0 || this.#received.length < end) return;
      const message = JSON.parse(`${this.#received.subarray(colon + 1, end)}`) as unknown;
      this.#received = this.#received.subarray(end);
      // The first message is a greeting.
      if (Array.isArray(message)) this.#answer(message as Answer);
    }
  }

  #answer([, id, failure, result]: Answer): void {
    const error = failure ? new Error(`Firefox: ${failure.error}: ${failure.message}`) : undefined;
    this.#waiting.get(id)?.(error, result);
    this.#waiting.delete(id);
  }
}

type Answer = [
  kind: 1,
  id: number,
  failure: { readonly error: string; readonly message: string } | null,
  result: unknown,
];

/** A process and those that it started, and these, as Linux tells them. */
function processesOf(pid: number): number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const children = threads.flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ").flatMap(Number),
    );
    return [pid, ...children.filter((child) => child > 0).flatMap(processesOf)];
  } catch {
    return [];
  }
}

/** Starts Firefox without a window. */
export async function openFirefox(path: string): Promise<Tab> {
  const profile = await mkdtemp(join(tmpdir(), "anchorgrad-firefox-"));
  await writeFile(join(profile, "user.js"), 'user_pref("marionette.port", 0);\n');
  const args = ["--headless", "--marionette", "--no-remote", "--profile", profile];
  const firefox: ChildProcess = spawn(path, args, {
    stdio: "ignore",
    env: { ...process.env, HOME: profile },
  });
  const close = async (): Promise<void> => {
    const ended = once(firefox, "exit");
    if (firefox.kill("SIGKILL")) await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const port = await vi.waitUntil(
      () => readFile(join(profile, "MarionetteActivePort"), "utf8").catch(() => ""),
      { timeout: PATIENCE, interval: 100 },
    );
    const socket = connect(Number(port), "127.0.0.1");
    await once(socket, "connect");
    const marionette = new Marionette(socket);
    await marionette.send("WebDriver:NewSession", {});
    await marionette.send("WebDriver:SetTimeouts", { script: PATIENCE, pageLoad: PATIENCE });
    return {
      open: (url) => marionette.send("WebDriver:Navigate", { url }),
      run: async <T>(script: string) => {
        const parameters = { script, args: [] };
        return (await marionette.send<{ value: T }>("WebDriver:ExecuteScript", parameters)).value;
      },
      processes: () => (firefox.pid === undefined ? [] : processesOf(firefox.pid)),
      [Symbol.asyncDispose]: async () => {
        socket.destroy();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
