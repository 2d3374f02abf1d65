import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync } from "node:fs";
import { mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { failureText, isOfStop } from "../../src/cli/terminal/failure.ts";
import { startEngine } from "../../src/cli/terminal/start.ts";
import { UsageError } from "../../src/cli/terminal/usage.ts";
import { DataError } from "../../src/tensor/errors.ts";
import { bundleScripts } from "../bundled.ts";

let place: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "anchorgrad-"));
  await bundleScripts(place, ["src/cli/main.ts"]);
  await writeFile(join(place, "file"), "");
});
afterAll(() => rm(place, { recursive: true }));

/** The command line in a process of its own. @returns its exit code, and what it said of errors */
async function run(
  args: readonly string[],
  stdout: "ignore" | number = "ignore",
): Promise<{ readonly code: number | null; readonly err: string }> {
  const child = spawn(process.execPath, [join(place, "bin", "main.js"), ...args], {
    ...{ cwd: place, stdio: ["ignore", stdout, "pipe"] },
  });
  let err = "";
  child.stderr?.on("data", (text: Buffer) => {
    err += text;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, err };
}

describe.runIf(existsSync("/dev/full"))("a full output", () => {
  it.each([[["--help"]], [["--version"]]])("is one line of %j, and exit code 1", async (args) => {
    const stdout = openSync("/dev/full", "w");
    const { code, err } = await run(args, stdout);
    closeSync(stdout);
    expect(err).toBe("anchorgrad: output: expected a place to write to, got no space left\n");
    expect(code).toBe(1);
  });
});

describe("a place where nothing can be written", () => {
  it.each([[["study", "--smoke", "--name", "a"]], [["sweep", "smoke"]]])(
    "is one line of %j, and exit code 1",
    async (args) => {
      await rm(join(place, "runs"), { force: true });
      await symlink(join(place, "file"), join(place, "runs"));
      const { code, err } = await run(args);
      expect(err).toMatch(/^anchorgrad: [^\n]+: expected [^\n]+, got a file where[^\n]+\n$/);
      expect(code).toBe(1);
    },
  );
});

describe("a disk that is full in the middle of a file", () => {
  // As a limit of the system has it, which every user may set: 8 KiB a file.
  const limited = async (args: readonly string[]) => {
    const shell = spawn(
      "sh",
      [
        ...["-c", "ulimit -f 16; trap '' XFSZ; exec \"$@\"", "sh", process.execPath],
        ...[join(place, "bin", "main.js"), ...args],
      ],
      { cwd: place, stdio: ["ignore", "ignore", "pipe"] },
    );
    let err = "";
    shell.stderr?.on("data", (text: Buffer) => {
      err += text;
    });
    const [code] = (await once(shell, "close")) as [number | null];
    return { code, err };
  };

  it.skipIf(process.platform === "win32")("is one line, and leaves nothing of it", async () => {
    const { code, err } = await limited(["data", "skills", "--count", "90", "--out", "a.jsonl"]);
    expect(err).toBe(
      `anchorgrad: ${join(place, "a.jsonl")}: expected a place to write to, got a file that is too large\n`,
    );
    expect(code).toBe(1);
    expect((await readdir(place)).filter((name) => name.startsWith("a.jsonl"))).toEqual([]);
  });
});

describe("failureText", () => {
  const system = (code: string, path?: string): Error =>
    Object.assign(new Error(`${code}: …`), { code, syscall: "open", ...(path && { path }) });

  it.each<[unknown, string]>([
    [new UsageError("--a: expected b"), "anchorgrad: --a: expected b\n"],
    [new DataError("f: \u001b[2J"), "anchorgrad: f: \\u{1b}[2J\n"],
    [
      new Error("createEngine: webgpu cannot start here: Dawn finds no GPU"),
      "anchorgrad: createEngine: webgpu cannot start here: Dawn finds no GPU\n",
    ],
    [
      system("EACCES", "runs/a"),
      "anchorgrad: runs/a: expected a place to work in, got no permission\n",
    ],
    [system("EROFS", "x"), "anchorgrad: x: expected a place to work in, got a read-only place\n"],
    [
      system("EMFILE"),
      "anchorgrad: open: expected a place to work in, got no file handles left for this process (ulimit -n)\n",
    ],
    [
      new RangeError("WebAssembly.Memory(): could not allocate memory"),
      "anchorgrad: expected memory, got no memory left (WebAssembly.Memory(): could not allocate memory)\n",
    ],
  ])("is one line for %s", (error, text) => {
    expect(failureText(error)).toBe(text);
  });

  it("keeps the stack of what is a fault of ours", () => {
    expect(failureText(new TypeError("x is not a function"))).toMatch(/TypeError: x .*\n +at /);
    expect(failureText("odd")).toBe("anchorgrad: odd\n");
  });
});

describe("startEngine", () => {
  it("starts one, unless somebody says stop", async () => {
    const engine = await startEngine({ backend: "reference" }, new AbortController().signal);
    expect(engine?.backend).toBe("reference");
    await engine?.close();
    expect(await startEngine({ backend: "wasm", threads: 2 }, AbortSignal.abort())).toBeUndefined();
    const late = new AbortController();
    const starting = startEngine({ backend: "wasm", threads: 2 }, late.signal);
    late.abort();
    expect(await starting).toBeUndefined();
  });
});

it("an error that a signal brought about is none, and one without a signal is", async () => {
  const stop = new AbortController();
  const { signal } = stop;
  const sleeping = promisify(execFile)(process.execPath, ["-e", "setTimeout(() => {}, 1e6)"], {
    signal,
  }).catch((error: unknown) => error);
  const early = new DOMException("stopped", "AbortError");
  expect(isOfStop(early, signal)).toBe(false);
  stop.abort();
  expect([await sleeping, early, signal.reason].every((e) => isOfStop(e, signal))).toBe(true);
  expect([new Error("AbortError"), undefined, "x"].some((e) => isOfStop(e, signal))).toBe(false);
});
