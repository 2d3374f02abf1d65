import type { Cell, Kernel, Shared } from "./kernel.ts";
import { bySubgroups, inMemory } from "./reductions.ts";
import { storageDialect } from "./source.ts";
import { wgslBody } from "./translation/wgslBody.ts";
import { declarations, MOST_GROUPS, wgsl } from "./wgsl.ts";
import { writerOf } from "./writer.ts";

/** Rows, each gone through by cells that are a workgroup. */
export interface SharedRows {
  /** Numbers of each tensor that is read. */
  readonly sizes: readonly number[];
  readonly count: number;
  /** Cells of a row: a power of two. */
  readonly threads: number;
  /** Whether they add up by subgroups, rather than in memory alone. */
  readonly subgroups: boolean;
  /** What is known of a row: numbers that all of its cells have. */
  readonly record: (cell: Cell, row: string) => readonly string[];
  /** What is made of a row: groups of four, or the first number of its record where it is absent. */
  readonly output?: {
    readonly groups: number;
    /** At the cell's index. */
    body(cell: Cell, row: string, group: string, record: readonly string[]): readonly string[];
  };
}

/** Workgroups along x, y and z. */
export function groupsOfSharedRows({
  count,
}: Pick<SharedRows, "count">): readonly [x: number, y: number, z: number] {
  const y = Math.ceil(count / MOST_GROUPS);
  return [Math.ceil(count / y), y, 1];
}

/** Goes through the groups of a row; where cells share it, each through its own. */
export function eachGroup(cell: Cell, groups: number, visit: (group: string) => void): void {
  if (!cell.shared) {
    cell.repeat(groups, visit);
    return;
  }
  const { threads, thread } = cell.shared;
  cell.repeat(Math.ceil(groups / threads), (i) => {
    const group = cell.declare(`${i} * ${threads} + ${thread}`);
    if (groups % threads !== 0) cell.run(`if (${group} >= ${groups}) { break; }`);
    visit(group);
  });
}

/**
 * WGSL of rows that workgroups go through: neighbours fetch neighbouring memory, and add up what they have by
 * subgroups, or in memory of their own. One launch, where a cell would go through a row alone and another launch take what
 * it found.
 * @param ending declares `finish`, which takes groups of four in place of the result
 */
export function sharedRows(rows: SharedRows, ending?: string): string {
  const { sizes, count, threads, subgroups, record, output } = rows;
  const { dialect, call, ...storage } = storageDialect(true);
  const writer = writerOf(dialect, true);
  const reduce = (name: string, cell: Cell) => (variable: string) =>
    cell.run(`${variable} = ${call(name, "Number", variable)};`);
  const kernel: Kernel = {
    reads: sizes.map((_, i) => i),
    extent: [output ? count * output.groups : count],
    lanes: output ? 4 : 1,
    body(own, row = "0") {
      const thread = own.whole(call("thread", "Number", "0"));
      const shared: Shared = {
        ...{ threads, thread },
        sum: reduce("sharedSum", own),
        max: reduce("sharedMax", own),
        least: reduce("sharedLeast", own),
      };
      const cell = { ...own, shared };
      const known = record(cell, row).map(cell.declare);
      if (!output) cell.run(`${call("alone", "Number", row, "0", "0", "0", at0(known))};`);
      else
        eachGroup(cell, output.groups, (group) => {
          const index = cell.declare(`${row} * ${output.groups} + ${group}`);
          const numbers = output.body({ ...own, index }, row, group, known);
          cell.run(`${call("put", "Number", index, ...numbers)};`);
        });
      return ["0", "0", "0", "0"];
    },
  };
  const reductions = subgroups
    ? bySubgroups(threads)
    : inMemory(threads, `fn_${dialect.call("maximum", ["a", "b"]).split("(")[0]}`);
  writer.cell(kernel, writer.declare("this.thread.x"));
  const code = writer.finish(kernel, "0");
  const views = storage.views(sizes);
  const functions = storage
    .functions(views, {
      thread: "return f32(thread_index);",
      put: ending ? "finish(u32(n), vec4<f32>(x, y, z, w)); return 0.0;" : wgsl.store(0, "u32(n)"),
      alone: "if (thread_index == 0u) { target0[n] = w; } return 0.0;",
      sharedSum: reductions.sum,
      sharedMax: reductions.max,
      sharedLeast: reductions.least,
    })
    // The dialect takes one argument for a place.
    .map((f) => (f.name.startsWith("shared") ? { ...f, parameters: ["x"] } : f));
  const body = wgslBody(code, functions);
  const translated = { kernel, views, functions, body, whole: true };
  const [x] = groupsOfSharedRows(rows);
  return `${reductions.enable}${reductions.declarations}
var<private> thread_index : u32;
${declarations(translated, 0, ending ? 0 : 1)}
${ending ?? ""}
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group : vec3<u32>, @builtin(local_invocation_index) thread : u32${reductions.parameters}) {
  let index = group.x + group.y * ${x}u;
  if (index >= ${count}u) { return; }
  threadGid = vec3<u32>(index, 0u, 0u);
  thread_index = thread;
  ${reductions.begin}
  cell();
}
`;
}

const at0 = ([first = "0"]: readonly string[]): string => first;
