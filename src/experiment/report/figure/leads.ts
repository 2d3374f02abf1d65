import type { Conflict, Frame, Placed } from "./labels.ts";

/** What it costs when lines from labels to their dots cross, or a line runs through a label. */
const CROSSING = 60;

/** Keeps the lines between labels and their dots apart, as far as that can be had. */
export const leadsConflict: Conflict = (a, b) => {
  const [mine, other] = [leadOf(a), leadOf(b)];
  const through = runsThrough(mine, b.box) || runsThrough(other, a.box);
  return CROSSING * (Number(meet(mine, other)) + Number(through));
};

type Point = readonly [x: number, y: number];

/** From a dot to its label. */
const leadOf = ({ at: { x, y }, placement: { dx, dy } }: Placed): readonly [Point, Point] => [
  [x, y],
  [x + dx, y + dy],
];

/** On which side of the line from a to b the third point is. */
const side = ([ax, ay]: Point, [bx, by]: Point, [x, y]: Point): number =>
  Math.sign((bx - ax) * (y - ay) - (by - ay) * (x - ax));

const meet = ([a, b]: readonly [Point, Point], [c, d]: readonly [Point, Point]): boolean =>
  side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;

/** Whether a line goes through a box. */
function runsThrough(line: readonly [Point, Point], box: Frame): boolean {
  const { left, right, top, bottom } = box;
  return (
    meet(line, [
      [left, top],
      [right, bottom],
    ]) ||
    meet(line, [
      [left, bottom],
      [right, top],
    ])
  );
}
