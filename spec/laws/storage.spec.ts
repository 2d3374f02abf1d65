import { describe } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import { keepsStorage } from "./storage.ts";

describe("the reference engine", () => {
  keepsStorage(() => createEngine({ backend: "reference" }));
});

describe.each([1, 2])("the wasm engine with %i threads", (threads) => {
  keepsStorage(() => createEngine({ backend: "wasm", threads }));
});
