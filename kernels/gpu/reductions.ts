/** How the cells of a workgroup make one number of those that each has: parts of a WGSL module. */
interface Reductions {
  /** What a module begins with. */
  readonly enable: string;
  readonly declarations: string;
  /** Parameters of the entry point after others, and what it begins with. */
  readonly parameters: string;
  readonly begin: string;
  /** Statements of functions of a cell's number `x`. */
  readonly sum: string;
  readonly max: string;
  readonly least: string;
}

/** The directive for shaders that use subgroups. */
export const ENABLE_SUBGROUPS = "enable subgroups;\n";

/** What an entry point is told of the subgroups of its workgroup, after other parameters. */
export const SUBGROUP_PARAMETERS =
  ", @builtin(subgroup_id) subgroup : u32, @builtin(num_subgroups) subgroups : u32";

const memoryOf = (threads: number): string =>
  `var<workgroup> shared_numbers : array<f32, ${threads}>;`;

/** Pairs of numbers in memory of the workgroup: a barrier for each halving, and one before and after. */
function halved(threads: number, two: (a: string, b: string) => string): string {
  return `shared_numbers[thread_index] = x;
  workgroupBarrier();
  for (var step = ${threads / 2}u; step > 0u; step >>= 1u) {
    if (thread_index < step) {
      let other = shared_numbers[thread_index + step];
      shared_numbers[thread_index] = ${two("shared_numbers[thread_index]", "other")};
    }
    workgroupBarrier();
  }
  let all = shared_numbers[0];
  workgroupBarrier();
  return all;`;
}

/**
 * In memory of the workgroup.
 * @param threads a power of two
 * @param largest names a function of two numbers that is exact about NaN
 */
export const inMemory = (threads: number, largest: string): Reductions => ({
  ...{ enable: "", declarations: memoryOf(threads), parameters: "", begin: "" },
  sum: halved(threads, (a, b) => `${a} + ${b}`),
  max: halved(threads, (a, b) => `${largest}(${a}, ${b})`),
  least: halved(threads, (a, b) => `min(${a}, ${b})`),
});

/** Each subgroup makes one number of its cells', and each cell one of the subgroups': two barriers. */
const twice = (own: string, first: string, onward: (all: string, other: string) => string) =>
  `let own = ${own};
  if (subgroupElect()) { shared_numbers[subgroup_index] = own; }
  workgroupBarrier();
  var all = ${first};
  for (var i = 0u; i < subgroup_count; i++) { all = ${onward("all", "shared_numbers[i]")}; }
  workgroupBarrier();
  return all;`;

/**
 * By subgroups, of whatever sizes, equal or not. The largest is that of whole numbers in the order of floats,
 * NaN behind all: of floats a subgroup may lose a NaN.
 */
export const bySubgroups = (threads: number): Reductions => ({
  enable: ENABLE_SUBGROUPS,
  declarations: `${memoryOf(threads)}
var<private> subgroup_index : u32;
var<private> subgroup_count : u32;
fn rank_of(x : f32) -> u32 {
  let bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) { return 0xffffffffu; }
  return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}
fn of_rank(rank : u32) -> f32 {
  return bitcast<f32>(select(~rank, rank & 0x7fffffffu, rank >= 0x80000000u));
}`,
  parameters: SUBGROUP_PARAMETERS,
  begin: "subgroup_index = subgroup;\n  subgroup_count = subgroups;",
  sum: twice("subgroupAdd(x)", "0.0", (all, other) => `${all} + ${other}`),
  max: twice(
    "of_rank(subgroupMax(rank_of(x)))",
    "shared_numbers[0]",
    (all, other) => `of_rank(max(rank_of(${all}), rank_of(${other})))`,
  ),
  least: twice("subgroupMin(x)", "shared_numbers[0]", (all, other) => `min(${all}, ${other})`),
});
