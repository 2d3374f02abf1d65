import { describe } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import { agreesWithReference } from "./agreement.ts";
import { agreesAtEdges } from "./edges.ts";

describe("the wasm engine", () => {
  agreesWithReference(() => createEngine({ backend: "wasm", threads: 2 }), {
    runs: 25,
    cases: 8,
    exact: 1e-6,
    summed: 5e-6,
  });
});

describe("at the edges, the wasm engine", () => {
  agreesAtEdges(() => createEngine({ backend: "wasm", threads: 1 }), {
    ...{ runs: 40, cases: 8, signs: true },
  });
});
