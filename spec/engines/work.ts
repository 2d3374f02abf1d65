import { Session } from "node:inspector/promises";
import { setFlagsFromString } from "node:v8";

/**
 * Runs a function and counts how often each block of our code ran meanwhile, loops by their rounds: a
 * measure of its work that does not depend on the machine, its load, or what has run before. Code that
 * V8 has optimized does not count, so that it optimizes none.
 */
export async function workOf(run: () => void): Promise<number> {
  const session = new Session();
  session.connect();
  setFlagsFromString("--no-opt");
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  try {
    run();
    const { result } = await session.post("Profiler.takePreciseCoverage");
    const own = result.filter(({ url }) => /\/(src|kernels)\//.test(url));
    const ranges = own.flatMap(({ functions }) => functions.flatMap((f) => f.ranges));
    return ranges.reduce((sum, { count }) => sum + count, 0);
  } finally {
    await session.post("Profiler.stopPreciseCoverage");
    await session.post("Profiler.disable");
    session.disconnect();
    setFlagsFromString("--opt");
  }
}
