import { afterAll } from "vitest";
import { createEngine, type EngineOptions } from "../src/engines/create.ts";
import type { Engine } from "../src/engines/engine.ts";

/** An engine for all tests of a file, closed after the last of them. @param options the reference by default */
export async function testEngine(
  options: EngineOptions = { backend: "reference" },
): Promise<Engine> {
  const engine = await createEngine(options);
  afterAll(() => engine.close());
  return engine;
}
