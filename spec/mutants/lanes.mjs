import { execFileSync, fork } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Seconds for all specs of a mutant: several times what they take on two cores without other work. */
const LIMIT = 300;

const GENERATED = "src/engines/wasm/machine/modules.generated.ts";

/** A copy of the files that git knows or would take, with the packages and the kernels of the tree. */
function copyOf(root) {
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
      const settle = (answer) => {
        clearTimeout(timer);
        child.off("message", settle).off("exit", late);
        resolve(answer);
      };
      const late = () => {
        this.#end();
        settle(undefined);
      };
      const timer = setTimeout(late, LIMIT * 1000);
      child.once("message", settle).once("exit", late);
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

  /** @returns `{ state: "killed" | "survived" | "refused" | "crashed", by }` */
  async attempt(mutant) {
    const { file, text, subject } = mutant;
    const specs = mutant.specs.filter((spec) => !this.#unsound.has(spec));
    const answer = await this.#ask({ file, text, specs, build: subject.build });
    if (!answer) {
      // The file is as the mutant had it.
      for (const path of [file, GENERATED])
        cpSync(join(this.#root, path), join(this.#folder, path));
      return { state: "killed", by: `no end within ${LIMIT} s` };
    }
    if (answer.crash) return { state: "crashed", by: answer.crash };
    if (answer.refused) return { state: "refused", by: answer.refused };
    if (!answer.fault) return { state: "survived", by: "" };
    const sound = await this.#isSound(answer.fault.slice(0, answer.fault.indexOf(": ")));
    return sound ? { state: "killed", by: answer.fault } : this.attempt(mutant);
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
