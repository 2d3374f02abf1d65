import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Where the time of day is meant: beside times that files tell, and what is shown of a date. */
const TIME_OF_DAY = [
  ...["src/cli/watch/watch.ts", "src/logs/wallClock.ts", "src/weights/disk/temporary.ts"],
];

test("durations are measured by a clock that nobody sets: performance.now", () => {
  const files = readdirSync(`${root}src`, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => `src/${path.replaceAll("\\", "/")}`);
  expect(files.length).toBeGreaterThan(500);
  const using = files.filter((path) =>
    /\bDate\.now\b/.test(readFileSync(`${root}${path}`, "utf8")),
  );
  expect(using.toSorted()).toEqual(TIME_OF_DAY);
});
