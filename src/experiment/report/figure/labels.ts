import { at } from "../../../tensor/shapes.ts";

/** A dot on a figure, in pixels, with what to write beside it. */
export interface Labelled {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  /** Of the text, pixels; by default that of 12-pixel text of a system font, on the wide side. */
  readonly width?: number;
}

export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Where a label goes: offsets from its dot, and which end of the text is there. */
export interface Placement {
  readonly dx: number;
  readonly dy: number;
  readonly anchor: "start" | "end" | "middle";
}

/** A label where it is tried. */
export interface Placed {
  readonly at: Labelled;
  readonly placement: Placement;
  readonly box: Frame;
}

/** What it costs that two labels stand where they do, beside what they cover of each other. */
export type Conflict = (a: Placed, b: Placed) => number;

/** Pixels. */
const CHARACTER = 6.8;
const HEIGHT = 13;
const DOT = 6;

const boxOf = ({ x, y, text, width: given }: Labelled, { dx, dy, anchor }: Placement): Frame => {
  const width = given ?? text.length * CHARACTER;
  const shift = anchor === "start" ? 0 : anchor === "end" ? -width : -width / 2;
  const [left, middle] = [x + dx + shift, y + dy];
  return { left, right: left + width, top: middle - HEIGHT / 2, bottom: middle + HEIGHT / 2 };
};

const overlap = (a: Frame, b: Frame): number =>
  Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left)) *
  Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));

const area = (box: Frame): number => (box.right - box.left) * (box.bottom - box.top);

/** The square around a dot. */
const around = ({ x, y }: Labelled): Frame => ({
  ...{ left: x - DOT, right: x + DOT, top: y - DOT, bottom: y + DOT },
});

/** Distances of labels from their dots, pixels, and directions at each of them. */
const RINGS = [9, 18, 28, 40, 54, 70, 88, 108, 130, 155];
const DIRECTIONS = 16;

const towards = (distance: number, direction: number): Placement => {
  const angle = (2 * Math.PI * direction) / DIRECTIONS;
  const [dx, dy] = [distance * Math.cos(angle), distance * Math.sin(angle)];
  const anchor = dx > distance / 3 ? "start" : dx < -distance / 3 ? "end" : "middle";
  // Above and below a dot a text is as far as it is beside it.
  return { dx, dy: anchor === "middle" ? dy + 4 * Math.sign(dy) : dy, anchor };
};

/** Beside the dot first, then around it, then farther away. */
const candidates: readonly Placement[] = [
  { dx: 9, dy: 0, anchor: "start" },
  { dx: -9, dy: 0, anchor: "end" },
  ...RINGS.flatMap((distance) =>
    Array.from({ length: DIRECTIONS }, (_, direction) => towards(distance, direction)),
  ),
];

/** What a square pixel is worth of another label, of what lies outside, of a dot; and a pixel away. */
const [LABEL, OUTSIDE, COVERED, AWAY] = [100, 100, 1, 0.2];
/** After so many rounds what still moves goes in circles. */
const ROUNDS = 12;

/**
 * Chooses a place for each label so that it covers no other label, nothing outside the frame and no
 * dot, as far as that can be had, in this order; and near to its dot. One after the other first, then
 * each again, given the others, until none moves.
 * @param obstacles what else labels had better not cover, such as pieces of lines
 * @param conflict what two labels cost besides, where there are lines to their dots: `leadsConflict`
 */
export function placeLabels(
  points: readonly Labelled[],
  frame: Frame,
  obstacles: readonly Frame[] = [],
  conflict: Conflict = () => 0,
): Placement[] {
  const dots = [...points.map(around), ...obstacles];
  const chosen: (Placement | undefined)[] = points.map(() => undefined);
  const costOf = (i: number, placement: Placement): number => {
    const point = at(points, i);
    const box = boxOf(point, placement);
    let cost =
      AWAY * Math.hypot(placement.dx, placement.dy) + OUTSIDE * (area(box) - overlap(box, frame));
    for (const dot of dots) cost += COVERED * overlap(box, dot);
    for (const [j, other] of chosen.entries()) {
      if (j === i || !other) continue;
      const there: Placed = {
        at: at(points, j),
        placement: other,
        box: boxOf(at(points, j), other),
      };
      cost += LABEL * overlap(box, there.box) + conflict({ at: point, placement, box }, there);
    }
    return cost;
  };
  for (let round = 0, moved = true; moved && round < ROUNDS; round++) {
    moved = false;
    for (const i of points.keys()) {
      const best = cheapest((placement) => costOf(i, placement));
      moved ||= best !== chosen[i];
      chosen[i] = best;
    }
  }
  return chosen.flatMap((placement) => placement ?? []);
}

/** The first of those that cost least. */
function cheapest(costOf: (placement: Placement) => number): Placement {
  const costs = candidates.map(costOf);
  return at(candidates, costs.indexOf(Math.min(...costs)));
}

/** Dots that lie on one another share a label. */
const SAME = 6;

/**
 * Dots that cover one another as one, whose text names all of them: `3, 7, 12`.
 * @returns for each group the indices of its dots; the first one's place is the group's
 */
export function coinciding(points: readonly Pick<Labelled, "x" | "y">[]): number[][] {
  const groups: number[][] = [];
  for (const [i, { x, y }] of points.entries()) {
    const near = groups.find(([first = 0]) => {
      const other = at(points, first);
      return Math.hypot(x - other.x, y - other.y) <= SAME;
    });
    if (near) near.push(i);
    else groups.push([i]);
  }
  return groups;
}

/** Pixels from one piece of a line to the next, and their size. */
const [EVERY, PIECE] = [7, 4];

/** A line as pieces that labels keep away from. */
export const piecesOf = (line: readonly Pick<Labelled, "x" | "y">[]): Frame[] =>
  line.slice(1).flatMap((to, i) => {
    const from = at(line, i);
    const pieces = Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / EVERY);
    return Array.from({ length: pieces }, (_, k): Frame => {
      const share = k / pieces;
      const [x, y] = [from.x + share * (to.x - from.x), from.y + share * (to.y - from.y)];
      const [left, right] = [x - PIECE / 2, x + PIECE / 2];
      return { left, right, top: y - PIECE / 2, bottom: y + PIECE / 2 };
    });
  });
