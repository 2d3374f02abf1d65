import { ENABLE_SUBGROUPS, SUBGROUP_PARAMETERS } from "../reductions.ts";
import { bind, sourceOf } from "../stored.ts";
import { MOST_GROUPS } from "../wgsl.ts";
import type { GroupedProduct } from "./tiledMatmul.ts";

/** Rows of the left factor up to which a workgroup takes all of them. */
export const MOST_ROWS = 8;
/** Threads of a workgroup, and columns of the result that it makes. */
const THREADS = 32;
const COLUMNS = 4;

/** A few rows times a matrix that is stored transposed, as weights are in decoding. */
export type RowsProduct = Pick<GroupedProduct, "batch" | "m" | "k" | "n" | "stored">;

/** Whether a product is of a few rows, each factor's along k in whole groups of four. */
export const isOfRows = ({
  batch,
  m,
  k,
  transposeA,
  transposeB,
}: Omit<GroupedProduct, "parts">): boolean =>
  m <= MOST_ROWS && k % 4 === 0 && transposeB && !transposeA && batch <= MOST_GROUPS;

/** Workgroups along x, y and z. */
export function groupsOfRows({
  batch,
  n,
}: Pick<RowsProduct, "batch" | "n">): readonly [x: number, y: number, z: number] {
  const groups = Math.ceil(n / COLUMNS);
  const y = Math.ceil(groups / MOST_GROUPS);
  return [Math.ceil(groups / y), y, batch];
}

const each = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join("\n");

/**
 * WGSL of such a product: the threads of a workgroup go along k side by side, so that neighbours fetch
 * neighbouring memory, and add up what they have by subgroups, or in memory of their own. One launch, where
 * cells of their own would be too few unless k were cut into parts, which another launch adds up.
 * @param ending declares `finish`, which takes the numbers in place of the result, where n is a
 *   multiple of 4
 */
export function rowsMatmul(
  product: RowsProduct,
  { subgroups }: { readonly subgroups: boolean },
  ending?: string,
): string {
  const { batch, m, k, n } = product;
  const [x] = groupsOfRows(product);
  const groups = Math.ceil(n / COLUMNS);
  const steps = k / 4;
  const [left, right] = [
    sourceOf("a", 0, batch * m * k),
    sourceOf("b", 1, batch * k * n, product.stored),
  ];
  const inside = (c: number): string => (n % COLUMNS === 0 ? "" : `if (column + ${c}u < ${n}u) `);
  const built = subgroups ? SUBGROUP_PARAMETERS : "";
  // What is kept of a row, and how many: of each subgroup, or of each thread.
  const keep = subgroups
    ? `${each(m, (r) => `s${r} = subgroupAdd(s${r});`)}
  if (subgroupElect()) { ${each(m, (r) => `sums[subgroup + ${r * THREADS}u] = s${r};`)} }`
    : each(m, (r) => `sums[thread + ${r * THREADS}u] = s${r};`);
  const kept = subgroups ? "subgroups" : `${THREADS}u`;
  return `${right.enable}${subgroups ? ENABLE_SUBGROUPS : ""}${left.declaration}
${right.declaration}
${ending ?? bind(2, "read_write", "c", `array<f32, ${4 * Math.ceil((batch * m * n) / 4)}>`)}
var<workgroup> sums : array<vec4<f32>, ${THREADS * m}>;
@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group : vec3<u32>, @builtin(local_invocation_index) thread : u32${built}) {
  let place = group.x + group.y * ${x}u;
  if (place >= ${groups}u) { return; }
  let column = place * ${COLUMNS}u;
  let batch = group.z;
  ${each(COLUMNS, (c) => `let b${c} = (batch * ${n}u + min(column + ${c}u, ${n - 1}u)) * ${steps}u;`)}
  ${each(m, (r) => `let a${r} = (batch * ${m}u + ${r}u) * ${steps}u;`)}
  ${each(m, (r) => `var s${r} = vec4<f32>();`)}
  for (var i = thread; i < ${steps}u; i += ${THREADS}u) {
    ${each(COLUMNS, (c) => `let y${c} = ${right.group(`b${c} + i`)};`)}
    ${each(m, (r) => `let x${r} = ${left.group(`a${r} + i`)}; s${r} += vec4<f32>(dot(x${r}, y0), dot(x${r}, y1), dot(x${r}, y2), dot(x${r}, y3));`)}
  }
  ${keep}
  workgroupBarrier();
  if (thread < ${m}u) {
    var total = vec4<f32>();
    for (var i = 0u; i < ${kept}; i++) { total += sums[thread * ${THREADS}u + i]; }
    let line = (batch * ${m}u + thread) * ${n}u + column;
    ${ending ? "finish(line / 4u, total);" : each(COLUMNS, (c) => `${inside(c)}{ c[line + ${c}u] = total[${c}]; }`)}
  }
}
`;
}
