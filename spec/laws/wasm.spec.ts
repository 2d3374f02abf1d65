import { describe } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import { agreesWithReference } from "./agreement.ts";

describe("the wasm engine", () => {
  agreesWithReference(() => createEngine({ backend: "wasm", threads: 2 }), {
    runs: 25,
    cases: 8,
    exact: 1e-6,
    summed: 5e-6,
  });
});
