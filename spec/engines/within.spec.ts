import { expect, test } from "vitest";
import { within } from "../../src/engines/within.ts";

test("an answer that comes is passed on", async () => {
  await expect(within("x: expected it", Promise.resolve(3))).resolves.toBe(3);
  await expect(within("x: expected it", Promise.reject(new Error("no")))).rejects.toThrow("no");
});

test("one that does not come is an error, and is given back when it comes after all", async () => {
  let answer: (value: number) => void = () => {};
  const work = new Promise<number>((resolve) => {
    answer = resolve;
  });
  const late: number[] = [];
  await expect(within("x: expected it", work, (value) => late.push(value), 0)).rejects.toThrow(
    "x: expected it, got no answer within 0 seconds",
  );
  expect(late).toEqual([]);
  answer(5);
  await work;
  expect(late).toEqual([5]);
});
