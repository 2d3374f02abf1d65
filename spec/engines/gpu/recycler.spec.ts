import fc from "fast-check";
import { expect, test } from "vitest";
import { recycler } from "../../../src/engines/gpu/recycler.ts";

interface Block {
  readonly size: number;
}

const blocks = () => {
  const existing = new Set<Block>();
  const pool = recycler<Block, number>({
    create(size) {
      const block = { size };
      existing.add(block);
      return block;
    },
    destroy: (block) => existing.delete(block),
    bytes: (size) => size,
    key: (size) => size,
  });
  return { existing, pool };
};

test("a block given back is taken again", () => {
  const { existing, pool } = blocks();
  const block = pool.take(8);
  pool.give(block);
  expect(pool.take(8)).toBe(block);
  expect(existing.size).toBe(1);
});

test("a step that is repeated gets the same blocks in the same places", () => {
  const move = fc.record({ take: fc.boolean(), size: fc.constantFrom(4, 5), which: fc.nat() });
  fc.assert(
    fc.property(fc.array(move, { maxLength: 40 }), (moves) => {
      const { existing, pool } = blocks();
      function step(): Block[] {
        const taken: Block[] = [];
        const live: Block[] = [];
        for (const { take, size, which } of moves) {
          const [given] = take ? [] : live.splice(which % Math.max(1, live.length), 1);
          if (given) pool.give(given);
          if (take) taken.push(pool.take(size));
          if (take) live.push(taken.at(-1) as Block);
        }
        for (const block of live.reverse()) pool.give(block);
        return taken;
      }
      step();
      const before = existing.size;
      const [second, third] = [step(), step()];
      expect(existing.size).toBe(before);
      expect(third).toHaveLength(second.length);
      for (const [i, block] of third.entries()) expect(block).toBe(second[i]);
    }),
  );
});

test("giving a block back twice counts once", () => {
  const { pool } = blocks();
  const [block] = [pool.take(8), pool.take(8)];
  pool.give(block);
  pool.give(block);
  expect(pool.use()).toEqual({ bytes: 16, buffers: 2, peakBytes: 16 });
  expect(pool.take(8)).toBe(block);
  expect(pool.take(8)).not.toBe(block);
});

test("figures tell what exists, and idle memory stays below twice the most that was live", () => {
  const step = fc.record({ take: fc.boolean(), size: fc.constantFrom(1, 2, 3, 100) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (program) => {
      const { existing, pool } = blocks();
      const live: Block[] = [];
      let mostLive = 0;
      for (const { take, size } of program) {
        if (take) live.push(pool.take(size));
        else if (live.length > 0) pool.give(live.shift() as Block);
        const liveBytes = live.reduce((sum, block) => sum + block.size, 0);
        mostLive = Math.max(mostLive, liveBytes);
        const bytes = [...existing].reduce((sum, block) => sum + block.size, 0);
        expect(pool.use()).toMatchObject({ bytes, buffers: existing.size });
        expect(bytes - liveBytes).toBeLessThanOrEqual(2 * mostLive);
        expect(new Set(live).size).toBe(live.length);
        for (const block of live) expect(existing.has(block)).toBe(true);
      }
      pool.clear();
      expect(existing.size).toBe(0);
    }),
  );
});
