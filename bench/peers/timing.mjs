import { median } from "../statistics.mjs";

/**
 * Trains and times every step; a step ends when its loss is read. The first steps warm up; none begins
 * after the budget is spent, which does not count the first one: that compiles.
 * @param plan { warm, steps, budgetMs }
 * @param cpu CPU time so far of all that works for the peer, ms
 */
export async function timeSteps(step, { warm, steps, budgetMs }, cpu) {
  const [losses, wall, busy] = [[], [], []];
  let began;
  for (let i = 0; i < warm + steps; i++) {
    const [before, start] = [await cpu(), performance.now()];
    losses.push(await step());
    wall.push(performance.now() - start);
    busy.push((await cpu()) - before);
    began ??= performance.now();
    if (performance.now() - began > budgetMs) break;
  }
  const skip = Math.min(warm, wall.length - 1);
  return {
    firstMs: wall[0],
    medianMs: median(wall.slice(skip)),
    bestMs: Math.min(...wall.slice(skip)),
    cpuMs: median(busy.slice(skip)),
    timed: wall.length - skip,
    losses,
  };
}
