import { integer, type Stream } from "../../draw.ts";
import type { Settings } from "./options.ts";
import { softmaxPick } from "./random.ts";

/** How large a problem is to be. */
export interface Sizes {
  /** Operations of the whole solution. */
  readonly op: number;
  /** Operations before sentences get more operands, and those for abstract parameters among them. */
  readonly chosen: number;
  readonly abstract: number;
  readonly depth: number;
  /** Least and greatest number of items in a layer. */
  readonly width: readonly [min: number, max: number];
  readonly edges: number;
}

const smaller = (next: Stream, min: number, max: number): number =>
  Math.min(integer(next, min, max), integer(next, min, max));

/** The number of operations asked for, or the smaller of two draws up to the maximum. */
export const drawOp = (next: Stream, { op, maxOp }: Settings): number =>
  op ?? smaller(next, 1, maxOp);

/** Depths and widths lie between 2 and 4; more operations make more likely. */
const scale = [
  { size: 2, center: 0.2 },
  { size: 3, center: 0.5 },
  { size: 4, center: 0.8 },
] as const;

/** The original's "light" distribution of sizes. */
export function drawSizes(next: Stream, op: number, settings: Settings): Sizes {
  const { maxEdge } = settings;
  const relative = (op - 1) / Math.max(1, maxEdge - 1);
  const drawSize = (): number =>
    softmaxPick(next, scale, ({ center }) => -((relative - center) ** 2)).size;
  const abstract = Math.max(integer(next, 1, op), integer(next, 1, op));
  const chosen = integer(next, abstract, op);
  const [depth, [min, max]] = drawShape(drawSize, settings);
  const fewest = (depth - 1) * min;
  const edges = smaller(next, fewest, maxEdge);
  return {
    op,
    chosen,
    abstract,
    depth,
    width: [min, max],
    edges: Math.min(edges, (depth - 1) * max * max),
  };
}

/** Depth and widths, small enough that every item below the first layer can have its edge. */
function drawShape(
  drawSize: () => number,
  { depth, width, maxEdge, lexicon }: Settings,
): readonly [depth: number, width: readonly [min: number, max: number]] {
  const layers = Math.min(...lexicon.map((hierarchy) => hierarchy.length));
  const most = Math.floor(maxEdge / (width?.[0] ?? 1)) + 1;
  const deep = depth ?? Math.min(drawSize(), layers, most);
  const [a, b] = [drawSize(), drawSize()];
  const narrow = Math.min(a, b, Math.floor(maxEdge / (deep - 1)));
  return [deep, width ?? [narrow, Math.max(a, b)]];
}
