import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  coinciding,
  type Labelled,
  piecesOf,
  placeLabels,
} from "../../../src/experiment/report/figure/labels.ts";
import { at } from "../../../src/tensor/shapes.ts";

describe("placeLabels", () => {
  const frame = { left: 56, right: 1156, top: 28, bottom: 496 };
  const boxOf = (
    { x, y, text }: Labelled,
    { dx, dy, anchor }: { dx: number; dy: number; anchor: string },
  ) => {
    const width = text.length * 6.8;
    const left = x + dx - (anchor === "end" ? width : anchor === "middle" ? width / 2 : 0);
    return { left, right: left + width, top: y + dy - 6, bottom: y + dy + 6 };
  };
  const expectApart = (points: readonly Labelled[]): void => {
    const places = placeLabels(points, frame);
    const boxes = points.map((point, i) => boxOf(point, at(places, i)));
    for (const [i, a] of boxes.entries()) {
      expect(a.left).toBeGreaterThanOrEqual(frame.left);
      expect(a.right).toBeLessThanOrEqual(frame.right);
      expect(a.top).toBeGreaterThanOrEqual(frame.top);
      expect(a.bottom).toBeLessThanOrEqual(frame.bottom);
      for (const b of boxes.slice(i + 1)) {
        const apart =
          a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
        expect(apart).toBe(true);
      }
    }
  };

  it("keeps labels apart and within the frame", () => {
    expectApart([100, 100, 101, 300, 1140].map((x, i) => ({ x, y: 200, text: `row ${i}` })));
  });

  it("keeps those of forty families apart in a corner of the figure", () => {
    const anywhere = (from: number, to: number) => fc.integer({ min: from, max: to });
    const dots = fc.array(fc.tuple(anywhere(1080, 1140), anywhere(40, 90)), { maxLength: 40 });
    fc.assert(
      fc.property(dots, (places) => {
        expectApart(places.map(([x, y], i) => ({ x, y, text: `${i + 1}` })));
      }),
      { numRuns: 20 },
    );
  });
});

describe("piecesOf", () => {
  it("keeps a label off a line", () => {
    const line = [0, 100].map((x) => ({ x: x + 100, y: 100 }));
    const frame = { left: 0, right: 400, top: 0, bottom: 200 };
    const dot = { x: 150, y: 100, text: "label" };
    const [beside] = placeLabels([dot], frame);
    const [off] = placeLabels([dot], frame, piecesOf(line));
    expect(beside?.dy).toBe(0);
    expect(Math.abs(off?.dy ?? 0)).toBeGreaterThan(8);
  });
});

describe("coinciding", () => {
  it("joins dots that cover one another, each in one group", () => {
    const points = [0, 3, 20, 100, 23, 1].map((x) => ({ x, y: 50 }));
    expect(coinciding(points)).toEqual([[0, 1, 5], [2, 4], [3]]);
  });
});
