import { spawnSync } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";

const git = (...args) =>
  spawnSync("git", args, {
    cwd: fileURLToPath(new URL(".", import.meta.url)),
    encoding: "utf8",
  }).stdout?.trim() ?? "";

/** The commit that runs; "+" marks changes that are not committed. */
export function commit() {
  const name = git("rev-parse", "--short", "HEAD") || "no commit";
  return git("status", "--porcelain", "--", ":/src", ":/kernels", ":/bench") ? `${name}+` : name;
}

/** Where and what was measured, in one line. */
export function provenance() {
  const cores = cpus();
  const machine = `${cores[0]?.model.trim() ?? "unknown CPU"}, ${cores.length} cores`;
  const date = new Date().toISOString().slice(0, 16).replace("T", " ");
  return `${machine} · Node ${process.versions.node} · commit ${commit()} · ${date} UTC`;
}

/** Cores that anybody keeps busy, over a second. */
export async function busyCores() {
  const read = () => {
    const times = cpus().map((core) => core.times);
    const all = times.flatMap((time) => Object.values(time)).reduce((a, b) => a + b, 0);
    return { all, idle: times.reduce((sum, { idle }) => sum + idle, 0) };
  };
  const before = read();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const after = read();
  return cpus().length * (1 - (after.idle - before.idle) / (after.all - before.all));
}
