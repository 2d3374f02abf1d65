import { at } from "../../tensor/shapes.ts";
/** A dot on a figure, in pixels, with what to write beside it. */
export interface Labelled {
  readonly x: number;
  readonly y: number;
  readonly text: string;
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

/** Pixels, for 12-pixel text of a system font, on the wide side. */
const CHARACTER = 6.8;
const HEIGHT = 13;
const DOT = 6;

const boxOf = ({ x, y, text }: Labelled, { dx, dy, anchor }: Placement): Frame => {
  const width = text.length * CHARACTER;
  const shift = anchor === "start" ? 0 : anchor === "end" ? -width : -width / 2;
  const [left, middle] = [x + dx + shift, y + dy];
  return { left, right: left + width, top: middle - HEIGHT / 2, bottom: middle + HEIGHT / 2 };
};

const overlap = (a: Frame, b: Frame): number =>
  Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left)) *
  Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));

const area = (box: Frame): number => (box.right - box.left) * (box.bottom - box.top);

/** Beside the dot first, then above and below, then farther away. */
const candidates: readonly Placement[] = [0, 14, -14, 28, -28, 42, -42, 56, -56, 70, -70].flatMap(
  (dy): Placement[] => [
    { dx: 9, dy, anchor: "start" },
    { dx: -9, dy, anchor: "end" },
    { dx: 24, dy, anchor: "start" },
    { dx: -24, dy, anchor: "end" },
  ],
);

/**
 * Chooses a place for each label, one after the other, so that it covers no dot, no other label
 * and nothing outside the frame, as far as that can be had.
 */
export function placeLabels(points: readonly Labelled[], frame: Frame): Placement[] {
  const dots = points.map(({ x, y }) => ({
    left: x - DOT,
    right: x + DOT,
    top: y - DOT,
    bottom: y + DOT,
  }));
  const taken: Frame[] = [...dots];
  return points.map((point) => {
    const cost = (placement: Placement, rank: number): number => {
      const box = boxOf(point, placement);
      const covered = taken.reduce((sum, other) => sum + overlap(box, other), 0);
      return covered + 10 * (area(box) - overlap(box, frame)) + rank / 100;
    };
    const costs = candidates.map(cost);
    const best = at(candidates, costs.indexOf(Math.min(...costs)));
    taken.push(boxOf(point, best));
    return best;
  });
}
