import { afterAll, beforeAll, expect, test } from "vitest";
import { vectors } from "../../src/cli/vectors/vectors.ts";
import { openPlace, type Place } from "./terminal.ts";

let place: Place;
beforeAll(async () => {
  place = await openPlace();
});
afterAll(() => place.close());

test("vectors writes what it prints, and replaces a file only where it is told to", async () => {
  const printed = await place.run(vectors, []);
  expect(JSON.parse(printed.out).vectors.length).toBeGreaterThan(20);
  await place.write("v.json", "mine");
  await expect(place.run(vectors, "--out v.json")).rejects.toThrow(
    "expected a new file, got one that is there; give --overwrite",
  );
  expect(await place.read("v.json")).toBe("mine");
  await place.run(vectors, "--out v.json --overwrite");
  expect(await place.read("v.json")).toBe(printed.out);
});
