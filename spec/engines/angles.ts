import { expect } from "vitest";
import type { Engine } from "../../src/engines/engine.ts";
import { tensor } from "../../src/tensor/apply.ts";
import * as ops from "../../src/tensor/ops.ts";
import { ulps } from "./ulps.ts";

/** Of both signs, from 2^-125, the smallest but one that is normal, to nearly 2^128. */
const angles: Float64Array = Float64Array.from({ length: 4096 }, (_, i) =>
  Math.fround((i % 2 ? -1 : 1) * 2 ** (-125 + (252.99 * i) / 4095)),
);

/** Expects the sine and cosine of any angle within so many units of the last place. */
export async function turnsAnyAngle(engine: Engine, units: number): Promise<void> {
  const x = tensor([...angles, 463960480, 22, 355]);
  const [cosines, sines] = await engine.run(() => [ops.cos(x), ops.sin(x)] as const);
  x.data.forEach((angle, i) => {
    const [c, s] = [cosines.data[i] ?? 0, sines.data[i] ?? 0];
    expect(ulps(c, Math.cos(angle)), `cos ${angle}: ${c}`).toBeLessThanOrEqual(units);
    expect(ulps(s, Math.sin(angle)), `sin ${angle}: ${s}`).toBeLessThanOrEqual(units);
  });
}
