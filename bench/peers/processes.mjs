import { readdirSync, readFileSync } from "node:fs";

const MS_A_TICK = 10;
const PAGE_BYTES = 4096;

/** What /proc says of a process: its parent, CPU time in ms, resident bytes; none if it is gone. */
function readProcess(id) {
  try {
    const text = readFileSync(`/proc/${id}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const [parent, user, system, pages] = [1, 11, 12, 21].map((i) => Number(fields[i]));
    return [{ id, parent, cpuMs: (user + system) * MS_A_TICK, bytes: pages * PAGE_BYTES }];
  } catch {
    return [];
  }
}

/** CPU time and resident memory of all processes below this one; pages that they share count again. */
export function processTree() {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)));
  const below = (parent) =>
    all.filter((each) => each.parent === parent).flatMap((each) => [each, ...below(each.id)]);
  const tree = below(process.pid);
  return {
    cpuMs: tree.reduce((sum, each) => sum + each.cpuMs, 0),
    bytes: tree.reduce((sum, each) => sum + each.bytes, 0),
  };
}
