import { execFileSync, fork } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Seconds of work without a test that ends: several times what the longest takes. */
const MOST_WORK = 100;

/** Seconds without a test that ends, whoever else works on this machine. */
const LONGEST = 1200;

/** Seconds of `ps`'s [[days-]hours:]minutes:seconds. */
const secondsOf = (time) =>
  time
    .split(/[-:]/)
    .toReversed()
    .reduce((sum, part, i) => sum + Number(part) * [1, 60, 3600, 86400][i], 0);

/** Seconds of work that a group of processes has done; 0 where `ps` cannot say. */
function workOf(group) {
  try {
    const rows = execFileSync("ps", ["-eo", "pgid=,time="], { encoding: "utf8" }).split("\n");
    return rows
      .map((row) => row.trim().split(/\s+/))
      .filter(([pgid]) => Number(pgid) === group)
      .reduce((sum, [, time]) => sum + secondsOf(time), 0);
  } catch {
    return 0;
  }
}

const GENERATED = "src/engines/wasm/machine/modules.generated.ts";

/** A copy of the files that git knows or would take, with the packages and the kernels of the tree. */
export function copyOf(root) {
  const folder = mkdtempSync(join(tmpdir(), "anchorgrad-mutants-"));
  const list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const files = execFileSync("git", list, { cwd: root, encoding: "utf8", maxBuffer: 1e8 });
  for (const file of [...files.split("\0").filter(Boolean), GENERATED]) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(root, file), join(folder, file));
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return folder;
}

/** A copy of the tree and a process in it, started anew after each that had to be ended. */
class Lane {
  #folder;
  #root;
  #child;
  /** Specs that pass as long as nothing is changed. */
  #sound = new Set();
  /** Specs that fail even so: another machine, or work in progress. */
  #unsound = new Set();

  constructor(root) {
    this.#root = root;
    this.#folder = copyOf(root);
  }

  async #started() {
    if (this.#child) return this.#child;
    const script = fileURLToPath(new URL("lane.mjs", import.meta.url)).replace(
      this.#root.replace(/\/$/, ""),
      this.#folder,
    );
    // A group of its own, so that it ends with the workers that never return.
    this.#child = fork(script, { cwd: this.#folder, detached: true, stdio: "ignore" });
    await new Promise((resolve) => this.#child.once("message", resolve));
    return this.#child;
  }

  #end() {
    try {
      if (this.#child) process.kill(-this.#child.pid, "SIGKILL");
    } catch {
      // Gone already.
    }
    this.#child = undefined;
  }

  /** What the process answers; undefined where it took too long or died. */
  async #ask(job) {
    const child = await this.#started();
    return new Promise((resolve) => {
      let [work, time, beaten] = [0, 0, true];
      const hear = (message) => {
        beaten = true;
        if (!message.beat) settle(message);
      };
      const settle = (answer) => {
        clearInterval(timer);
        child.off("message", hear).off("exit", late);
        resolve(answer);
      };
      const late = () => {
        this.#end();
        settle(undefined);
      };
      const timer = setInterval(() => {
        const [worked, now] = [workOf(child.pid), performance.now()];
        if (beaten) [work, time, beaten] = [worked, now, false];
        else if (worked - work > MOST_WORK || now - time > LONGEST * 1000) late();
      }, 5000);
      child.on("message", hear).once("exit", late);
      child.send(job);
    });
  }

  /** Whether a spec passes when nothing is changed; asked once. */
  async #isSound(spec) {
    if (this.#sound.has(spec)) return true;
    const answer = await this.#ask({ specs: [spec] });
    if (answer && !answer.fault && !answer.crash) {
      this.#sound.add(spec);
      return true;
    }
    console.log(
      `left out, as it fails without a change: ${answer?.fault ?? answer?.crash ?? spec}`,
    );
    this.#unsound.add(spec);
    return false;
  }

  /** @returns `{ state: "killed" | "survived" | "refused" | "crashed", by, spec?, seconds? }` */
  async attempt(mutant) {
    const { file, text, subject } = mutant;
    const [specs, laws] = [mutant.specs, mutant.laws].map((all) =>
      all.filter((spec) => !this.#unsound.has(spec)),
    );
    const answer = await this.#ask({
      ...{ file, text, specs, laws, name: mutant.name, build: subject.build },
    });
    if (!answer) {
      // The file is as the mutant had it.
      for (const path of [file, GENERATED])
        cpSync(join(this.#root, path), join(this.#folder, path));
      return { state: "killed", by: "no end" };
    }
    if (answer.crash) return { state: "crashed", by: answer.crash };
    if (answer.refused) return { state: "refused", by: answer.refused };
    const { fault, seconds } = answer;
    if (!fault) return { state: "survived", by: "", seconds };
    const spec = fault.slice(0, fault.indexOf(": "));
    const sound = await this.#isSound(spec);
    return sound ? { state: "killed", by: fault, spec, seconds } : this.attempt(mutant);
  }

  close() {
    this.#end();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** @returns workers that take from a list in turn, each with its lane */
export function openLanes(root, count) {
  const lanes = Array.from({ length: count }, () => new Lane(root));
  const close = () => {
    for (const lane of lanes) lane.close();
  };
  for (const signal of ["SIGINT", "SIGTERM"])
    process.once(signal, () => {
      close();
      process.exit(130);
    });
  return {
    close,
    async each(items, work) {
      const results = [];
      let next = 0;
      await Promise.all(
        lanes.map(async (lane) => {
          while (next < items.length) {
            const i = next++;
            results[i] = await work(items[i], lane);
          }
        }),
      );
      return results;
    },
  };
}
