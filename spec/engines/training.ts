import { expect } from "vitest";
import type { Engine } from "../../src/engines/engine.ts";
import { type Flat, trainSmall } from "./smallTraining.ts";

/** Expects memory to stay as after the first steps. */
export function expectFlat({ memory: [early, late], loss: [first, last] }: Flat): void {
  expect(late).toEqual(early);
  expect(last).toBeLessThan(0.8 * first);
}

/** Trains a small network for `steps` donated steps and expects memory to stay as after the first. */
export const trainsFlat = async (engine: Engine, steps: number): Promise<void> =>
  expectFlat(await trainSmall(engine, steps));
