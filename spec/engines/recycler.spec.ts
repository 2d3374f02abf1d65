import fc from "fast-check";
import { expect, test } from "vitest";
import { recycler } from "../../src/engines/gpu/recycler.ts";

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

test("giving a block back twice counts once", () => {
  const { pool } = blocks();
  const [block] = [pool.take(8), pool.take(8)];
  pool.give(block);
  pool.give(block);
  expect(pool.use()).toEqual({ bytes: 16, buffers: 2, peakBytes: 16 });
  expect(pool.take(8)).toBe(block);
  expect(pool.take(8)).not.toBe(block);
});

test("figures tell what exists, and idle memory stays below the most that was live", () => {
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
        expect(bytes - liveBytes).toBeLessThanOrEqual(mostLive);
        expect(new Set(live).size).toBe(live.length);
        for (const block of live) expect(existing.has(block)).toBe(true);
      }
      pool.clear();
      expect(existing.size).toBe(0);
    }),
  );
});
