import { at } from "../../../src/tensor/shapes.ts";
import { bind, ENABLE_F16, isNative, type Source, type Stored, sourceOf } from "../stored.ts";
import { MOST_GROUPS } from "../wgsl.ts";

/** A product of matrices: [parts, batch, m, n] = Σ over a part of k; parts are summed elsewhere. */
export interface GroupedProduct {
  readonly batch: number;
  readonly parts: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** How the right factor is kept, if not in floats: it is widened where it is read. */
  readonly stored?: Stored | undefined;
  /** Whether floats are rounded to f16 where tiles keep them; sums are of float32 always. */
  readonly halves?: boolean;
}

/** What a workgroup computes, and each thread of it; multiples of four. */
export interface GroupTile {
  readonly rows: number;
  readonly columns: number;
  readonly threadRows: number;
  readonly threadColumns: number;
}

/** Numbers along k that a workgroup holds at a time. */
const DEPTH = 16;

/** Workgroups along x, y and z. */
export const groupsOf = (
  { batch, parts, m, n }: Pick<GroupedProduct, "batch" | "parts" | "m" | "n">,
  { rows, columns }: GroupTile,
): readonly [x: number, y: number, z: number] => [
  Math.ceil(n / columns),
  Math.ceil(m / rows),
  batch * parts,
];

/** The larger a tile, the fewer numbers are fetched. */
const TILES: readonly GroupTile[] = [
  { rows: 64, columns: 64, threadRows: 8, threadColumns: 4 },
  { rows: 32, columns: 64, threadRows: 4, threadColumns: 4 },
  { rows: 32, columns: 32, threadRows: 4, threadColumns: 4 },
];
/**
 * Workgroups below which tiles are made smaller, and then k is cut into parts: a large GPU has 132
 * cores.
 */
const FEW = 66;
const FEW_FOR_PARTS = 132;
/** Numbers along k below which a part is not worth summing apart. */
const LEAST_DEPTH = 128;

/**
 * How a product is cut up; undefined for lengths that are no multiples of 4, and for too many
 * workgroups.
 */
export function tilingOf({
  batch,
  m,
  k,
  n,
}: Pick<GroupedProduct, "batch" | "m" | "k" | "n">):
  | { tile: GroupTile; parts: number }
  | undefined {
  if ([m, k, n].some((length) => length % 4 !== 0)) return undefined;
  const groups = ({ rows, columns }: GroupTile): number =>
    batch * Math.ceil(m / rows) * Math.ceil(n / columns);
  const tile = TILES.find((it) => groups(it) >= FEW) ?? (TILES.at(-1) as GroupTile);
  const canHalve = (parts: number): boolean =>
    k % (8 * parts) === 0 && k >= 2 * parts * LEAST_DEPTH;
  let parts = 1;
  while (groups(tile) * parts < FEW_FOR_PARTS && canHalve(parts)) parts *= 2;
  const fits = groupsOf({ batch, parts, m, n }, tile).every((count) => count <= MOST_GROUPS);
  return fits ? { tile, parts } : undefined;
}

/** Four numbers as a tile keeps them. */
const typeOf = (half: boolean): string => (half ? "vec4<f16>" : "vec4<f32>");

/** What a tile keeps, as floats: before and behind the place. */
const kept = (name: string, half: boolean): string => `${half ? "vec4<f32>(" : ""}kept_${name}`;
const end = (half: boolean): string => (half ? ")" : "");

const each = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join("\n");

/**
 * WGSL of a product whose workgroups keep what they multiply in memory of their own, so that a number
 * is fetched once for a whole tile. GPU.js has no such memory. Blocks of 4 × 4 numbers are fetched
 * while those before them are multiplied. m, k and n are multiples of 4, a part of k too.
 *
 * What is stored in f16 is kept so, exactly, where shaders have it: half the memory of a workgroup.
 * Where `halves` lets them, so are floats, rounded: each to 2⁻¹¹ of itself, below 2⁻¹⁴ to 2⁻²⁵;
 * beyond 65504 there is no number. bf16 goes further than that and stays float32, as what q8_0
 * means does.
 * @param ending declares `finish`, which takes the numbers in place of the result
 */
export function tiledMatmul(product: GroupedProduct, tile: GroupTile, ending?: string): string {
  const { batch, parts, m, k, n, transposeA, transposeB, stored, halves = false } = product;
  const { rows, columns, threadRows, threadColumns } = tile;
  const [halfA, halfB] = [halves, stored ? isNative(stored) : halves];
  const [across, down] = [columns / threadColumns, rows / threadRows];
  const threads = across * down;
  const depth = k / parts;
  const steps = Math.ceil(depth / DEPTH);
  /** Vectors of four that a thread reads of each factor. */
  const [high, wide] = [threadRows / 4, threadColumns / 4];
  // Blocks of a step: first those of the left factor, then those of the right one.
  const leftBlocks = (rows * DEPTH) / 16;
  const blocks = leftBlocks + (columns * DEPTH) / 16;
  const turns = Math.ceil(blocks / threads);
  const a = sourceOf("a", 0, batch * m * k);
  const b = sourceOf("b", 1, batch * k * n, stored);
  const of = { product, depth };
  const left = factor({
    ...{ ...of, name: "a", source: a, half: halfA },
    ...{ straight: transposeA, length: m, span: rows },
  });
  const right = factor({
    ...{ ...of, name: "b", source: b, half: halfB },
    ...{ straight: !transposeB, length: n, span: columns },
  });
  /** Each thread takes its blocks, of the left factor or of the right one. */
  const inTurns = (ofLeft: (turn: number) => string, ofRight: (turn: number) => string): string =>
    each(
      turns,
      (t) => `{
  var block = thread + ${t * threads}u;
  if (block < ${leftBlocks}u) { ${ofLeft(t)} }
  else if (block < ${blocks}u) { block -= ${leftBlocks}u; ${ofRight(t)} }
}`,
    );
  const fetch = inTurns(left.fetch, right.fetch);
  const keep = inTurns(left.keep, right.keep);
  const sums = (line: (r: number, j: number) => string): string =>
    each(threadRows, (r) => each(wide, (j) => line(r, j)));
  const multiply = `for (var d = 0u; d < ${DEPTH}u; d++) {
    ${each(high, (i) => `let x${i} = ${kept("a", halfA)}[d * ${rows / 4}u + y * ${high}u + ${i}u]${end(halfA)};`)}
    ${each(wide, (j) => `let y${j} = ${kept("b", halfB)}[d * ${columns / 4}u + x * ${wide}u + ${j}u]${end(halfB)};`)}
    ${sums((r, j) => `s${r}_${j} = fma(vec4<f32>(x${r >> 2}[${r & 3}]), y${j}, s${r}_${j});`)}
  }`;
  const store = sums((r, j) => {
    const [line, column] = [`y * ${threadRows}u + ${r}u`, `x * ${wide}u + ${j}u`];
    const inside = [
      ...(m % rows === 0 ? [] : [`line < ${m}u`]),
      ...(n % columns === 0 ? [] : [`column < ${n / 4}u`]),
    ].join(" && ");
    const place = `(z * ${m}u + line) * ${n / 4}u + column`;
    const put = ending ? `finish(${place}, s${r}_${j});` : `c[${place}] = s${r}_${j};`;
    const at = `let line = first_a + ${line}; let column = first_b / 4u + ${column};`;
    return `{ ${at} ${inside ? `if (${inside}) { ${put} }` : put} }`;
  });
  return `${halfA || halfB ? ENABLE_F16 : ""}${a.declaration}
${b.declaration}
${ending ?? bind(2, "read_write", "c", `array<vec4<f32>, ${(parts * batch * m * n) / 4}>`)}
var<workgroup> kept_a : array<${typeOf(halfA)}, ${(DEPTH * rows) / 4}>;
var<workgroup> kept_b : array<${typeOf(halfB)}, ${(DEPTH * columns) / 4}>;
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group : vec3<u32>, @builtin(local_invocation_index) thread : u32) {
  let first_a = group.y * ${rows}u;
  let first_b = group.x * ${columns}u;
  let z = group.z;
  let batch = z % ${batch}u;
  let x = thread % ${across}u;
  let y = thread / ${across}u;
  var k0 = z / ${batch}u * ${depth}u;
  let end = k0 + ${depth}u;
  ${each(turns, (t) => each(4, (i) => `var f${t}_${i} = vec4<f32>();`))}
  ${sums((r, j) => `var s${r}_${j} = vec4<f32>();`)}
  ${fetch}
  for (var step = 0u; step < ${steps}u; step++) {
    workgroupBarrier();
    ${keep}
    workgroupBarrier();
    k0 += ${DEPTH}u;
    if (step + 1u < ${steps}u) { ${fetch} }
    ${multiply}
  }
  ${store}
}
`;
}

interface Factor {
  readonly product: GroupedProduct;
  /** Numbers along k in a part. */
  readonly depth: number;
  readonly name: "a" | "b";
  readonly source: Source;
  /** Whether it is kept in f16. */
  readonly half: boolean;
  /** Whether its lines in memory run along m or n, rather than along k. */
  readonly straight: boolean;
  /** m or n, and how much of it a tile has. */
  readonly length: number;
  readonly span: number;
}

interface Blocks {
  /** Fetches the four lines of a block as they lie in memory. */
  fetch(turn: number): string;
  /** Keeps a block with its lines along m or n. What was fetched is touched no earlier, for it is late. */
  keep(turn: number): string;
}

/** How the blocks of a factor are fetched and kept; neighbouring threads fetch neighbouring memory. */
function factor({ product, depth, name, source, half, straight, length, span }: Factor): Blocks {
  const { k } = product;
  const own = straight ? `block % ${span / 4}u` : `block / ${DEPTH / 4}u`;
  const alongK = straight ? `block / ${span / 4}u` : `block % ${DEPTH / 4}u`;
  const inside = [
    ...(length % span === 0 ? [] : [`l < ${length}u`]),
    ...(depth % DEPTH === 0 ? [] : ["d < end"]),
  ].join(" && ");
  const start = straight
    ? `((batch * ${k}u + d) * ${length}u + l) / 4u`
    : `((batch * ${length}u + l) * ${k}u + d) / 4u`;
  const pitch = (straight ? length : k) / 4;
  return {
    fetch(t) {
      const load = each(4, (i) => `f${t}_${i} = ${source.group(`start + ${i * pitch}u`)};`);
      const none = each(4, (i) => `f${t}_${i} = vec4<f32>();`);
      const place = `let l = first_${name} + (${own}) * 4u; let d = k0 + (${alongK}) * 4u;`;
      const loads = `let start = ${start};\n${load}`;
      return `${place} ${inside ? `if (${inside}) { ${loads} } else { ${none} }` : loads}`;
    },
    keep(t) {
      const lines = [0, 1, 2, 3].map((i) => `f${t}_${i}`);
      const turned = (i: number): string => `vec4<f32>(${lines.map((line) => `${line}[${i}]`)})`;
      const line = (i: number): string => (straight ? at(lines, i) : turned(i));
      return `let at = (${alongK}) * ${span}u + ${own};
${each(4, (i) => `kept_${name}[at + ${(i * span) / 4}u] = ${half ? `${typeOf(half)}(${line(i)})` : line(i)};`)}`;
    },
  };
}
