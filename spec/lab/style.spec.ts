import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const source = readFileSync(new URL("../../src/lab/style/tokens.css", import.meta.url), "utf8");

/** Colours by name, in one of the two schemes. */
function colours(scheme: 0 | 1): ReadonlyMap<string, Rgb> {
  const pairs = source.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g);
  return new Map([...pairs].map(([, name, ...hex]) => [name as string, rgbOf(hex[scheme] ?? "")]));
}

type Rgb = readonly number[];

const rgbOf = (hex: string): Rgb =>
  [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);

/** @see https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
const linear = (rgb: Rgb): Rgb =>
  rgb.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));

const apply = (matrix: readonly Rgb[], x: Rgb): number[] =>
  matrix.map((row) => row.reduce((sum, m, i) => sum + m * (x[i] as number), 0));

function contrast(a: Rgb, b: Rgb): number {
  const [dark, light] = [a, b]
    .map((c) => apply([[0.2126, 0.7152, 0.0722]], linear(c))[0] as number)
    .sort((x, y) => x - y);
  return ((light as number) + 0.05) / ((dark as number) + 0.05);
}

/** What eyes of each kind make of linear light. @see https://doi.org/10.1109/TVCG.2009.113 */
const eyes: Readonly<Record<string, readonly Rgb[]>> = {
  trichromat: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanope: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranope: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanope: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

/** Perceived colour. @see https://bottosson.github.io/posts/oklab/ */
function oklab(light: Rgb): number[] {
  const cones = apply(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    light.map((c) => Math.min(1, Math.max(0, c))),
  );
  return apply(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    cones.map(Math.cbrt),
  );
}

const methods = ["base", "sft", "anchored", "probability", "moving", "asft", "merge"];
const words = ["text", "muted", "accent", "good", "bad", ...methods];

describe.each([
  ["light", 0],
  ["dark", 1],
] as const)("%s colours", (_, scheme) => {
  const all = colours(scheme);
  const colour = (name: string): Rgb => all.get(name) as Rgb;

  test.each(words)("%s can be read on every ground", (name) => {
    for (const ground of ["page", "panel", "raised"])
      expect(contrast(colour(name), colour(ground)), ground).toBeGreaterThanOrEqual(4.5);
  });

  test.each(["text", "muted"])("%s can be read on the tokens' tints", (name) => {
    for (const ground of ["token-0", "token-1", "token-2"])
      expect(contrast(colour(name), colour(ground)), ground).toBeGreaterThanOrEqual(4.5);
  });

  test("the label of a primary button can be read", () => {
    expect(contrast(colour("on-accent"), colour("accent"))).toBeGreaterThanOrEqual(4.5);
  });

  test("edges of controls can be seen", () => {
    for (const ground of ["page", "panel", "raised"])
      expect(contrast(colour("edge"), colour(ground)), ground).toBeGreaterThanOrEqual(3);
  });

  // 0.02 is a difference that is just noticed.
  test.each(Object.keys(eyes))("a %s tells the methods apart", (kind) => {
    const seen = methods.map((name) =>
      oklab(apply(eyes[kind] as readonly Rgb[], linear(colour(name)))),
    );
    for (const [i, a] of seen.entries())
      for (const [j, b] of seen.slice(0, i).entries())
        expect(
          Math.hypot(...a.map((x, k) => x - (b[k] as number))),
          `${methods[i]} and ${methods[j]}`,
        ).toBeGreaterThan(0.05);
  });
});
