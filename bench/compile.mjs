// What comes before the first step: each figure is a median over fresh processes, in which nothing
// has been compiled or optimised yet.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { MODELS } from "./peers/spec.mjs";
import { median } from "./statistics.mjs";
import { figure, table } from "./table.mjs";

const ONCE = fileURLToPath(new URL("compileOnce.mjs", import.meta.url));
const PARTS = ["trace + plan", "kernel build", "compile", "first step", "later step"];

export function compile({ quick }) {
  const rows = Object.keys(MODELS).map((size) => {
    const runs = Array.from({ length: quick ? 1 : 5 }, () => once(size));
    const of = (part) => figure(median(runs.map((run) => run[part])));
    return [size, of("engine"), ...PARTS.map(of), runs[0].steps, runs[0].instructions ?? "–"];
  });
  const head = ["ms", "engine start", ...PARTS, "plan's steps", "instructions"];
  console.log(`compile = trace + plan + kernel build; the first step comes after it\n
${table(head, rows)}`);
}

function once(size) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [ONCE, size], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`compile ${size}: ${stderr}`);
  return JSON.parse(stdout);
}
