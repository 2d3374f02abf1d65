import { at } from "../../tensor/shapes.ts";
import { type LogProbs, logSoftmax } from "./distributions.ts";
import { LEAST, type Logits, rounded } from "./state.ts";

export type Point = readonly [x: number, y: number];

/** Size of a drawing, in its own units. */
export const WIDTH = 420;
export const HEIGHT = 400;

/** A way to lay distributions over three tokens out in the plane. */
export interface Chart {
  place(p: LogProbs): Point;
  /** The distribution at a point, near `before` where the drawing cannot tell. */
  read(point: Point, before: Logits): Logits;
}

/** Directions of the tokens: down left, down right, up. */
const ANGLES = [210, 330, 90].map((degrees) => (degrees * Math.PI) / 180);
const DIRECTIONS = ANGLES.map((a): Point => [Math.cos(a), -Math.sin(a)]);

const RADIUS = 208;
const CENTRE: Point = [WIDTH / 2, 244];

/** Corners of the triangle. */
export const CORNERS: readonly Point[] = DIRECTIONS.map(([x, y]) => [
  CENTRE[0] + RADIUS * x,
  CENTRE[1] + RADIUS * y,
]);

/** Smaller probabilities lie on the edge, as far as one can see. */
const EDGE = 1e-3;

/** Probabilities as weights of the corners: the probability path is straight. */
export const triangle: Chart = {
  place: (p) =>
    p.reduce<Point>(
      ([x, y], logProb, i) => {
        const [cx, cy] = at(CORNERS, i);
        return [x + Math.exp(logProb) * cx, y + Math.exp(logProb) * cy];
      },
      [0, 0],
    ),
  read([x, y], before) {
    const shares = DIRECTIONS.map(
      ([dx, dy]) => 1 / 3 + (2 / 3) * (((x - CENTRE[0]) * dx + (y - CENTRE[1]) * dy) / RADIUS),
    );
    const logs = shares.map((probability, i) =>
      probability > EDGE ? Math.log(probability) : Math.min(at(before, i), Math.log(EDGE)),
    );
    return rounded(logs);
  },
};

const LOG_CENTRE: Point = [WIDTH / 2, HEIGHT / 2];
/** From the middle to the edge of the plane, in units of the drawing. */
const LOG_RADIUS = HEIGHT / 2 - 14;

/**
 * Log-odds, as far as `reach` nats from the middle: centred log-ratios along the tokens'
 * directions. The logit path is straight, and what is nearly certain is as far apart as it is in
 * truth.
 * @see https://doi.org/10.1023/A:1023818214614 (isometric log-ratio coordinates)
 */
export function logPlane(reach: number): Chart {
  const scale = LOG_RADIUS / reach;
  return {
    place(p) {
      const [x, y] = planar(p);
      return [LOG_CENTRE[0] + scale * x, LOG_CENTRE[1] + scale * y];
    },
    read([x, y]) {
      const [px, py] = [(x - LOG_CENTRE[0]) / scale, (y - LOG_CENTRE[1]) / scale];
      return rounded(DIRECTIONS.map(([dx, dy]) => (2 / 3) * (px * dx + py * dy)));
    },
  };
}

function planar(p: LogProbs): Point {
  const mean = p.reduce((a, b) => a + b, 0) / p.length;
  return p.reduce<Point>(
    ([x, y], logProb, i) => {
      const [dx, dy] = at(DIRECTIONS, i);
      return [x + (logProb - mean) * dx, y + (logProb - mean) * dy];
    },
    [0, 0],
  );
}

/** Nats between the middle and the edge of the plane: as few as show these distributions. */
export function reachOf(shown: readonly LogProbs[]): number {
  const farthest = Math.max(...shown.map((p) => Math.hypot(...planar(p))));
  return REACHES.find((reach) => farthest <= 0.9 * reach) ?? (REACHES.at(-1) as number);
}

const REACHES = [4, 6, 9, 13, 19, 27, 36, 1.2 * -LEAST];

/** Units of the drawing that a factor of ten in the odds of two tokens takes. */
export const decadeLength = (reach: number): number =>
  ((LOG_RADIUS / reach) * Math.LN10 * Math.sqrt(3)) / 2;

/** Distributions of which one token has a given probability: three curves, a token each. */
export function levelCurves(probability: number): readonly (readonly LogProbs[])[] {
  const rest = Math.log1p(-probability);
  const shares = Array.from({ length: 61 }, (_, i) => (i - 30) * 1.2);
  return [0, 1, 2].map((token) =>
    shares.map((odds) => {
      const others = logSoftmax([odds, 0]).map((x) => x + rest);
      return [0, 1, 2].map((i) =>
        i === token ? Math.log(probability) : at(others, (i - token + 2) % 3),
      );
    }),
  );
}

/** The regions in which each token is the likeliest, as corners of polygons. */
export const triangleRegions: readonly (readonly Point[])[] = CORNERS.map((corner, i) => {
  const middle = (other: Point): Point => [(corner[0] + other[0]) / 2, (corner[1] + other[1]) / 2];
  const others = [1, 2].map((k) => at(CORNERS, (i + k) % 3)) as [Point, Point];
  return [corner, middle(others[0]), CENTRE, middle(others[1])];
});

/** The same in the plane, where they are sectors without an end. */
export const planeRegions: readonly (readonly Point[])[] = DIRECTIONS.map((_, i) => {
  const far = (k: number): Point => {
    const [dx, dy] = at(DIRECTIONS, (i + k) % 3);
    return [LOG_CENTRE[0] - 2 * WIDTH * dx, LOG_CENTRE[1] - 2 * WIDTH * dy];
  };
  const [dx, dy] = at(DIRECTIONS, i);
  const out: Point = [LOG_CENTRE[0] + 4 * WIDTH * dx, LOG_CENTRE[1] + 4 * WIDTH * dy];
  return [LOG_CENTRE, far(1), out, far(2)];
});

/** Where the tokens' names stand in the plane. */
export const planeNames: readonly Point[] = [
  [10, HEIGHT - 12],
  [WIDTH - 10, HEIGHT - 12],
  [WIDTH / 2, 20],
];
