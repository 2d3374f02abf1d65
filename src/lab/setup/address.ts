import { methodNames } from "./knobs.ts";
import { type Challenger, defaultSetup, recipes, type Setup } from "./setup.ts";

/** Names of what a link says, as short as they can be understood. */
const names: { readonly [Name in keyof Setup]: string } = {
  recipe: "recipe",
  seed: "seed",
  engine: "engine",
  scratch: "scratch",
  method: "method",
  alpha: "alpha",
  budget: "budget",
  outer: "T",
  inner: "K",
  space: "space",
  temperature: "temperature",
  beta: "beta",
  weight: "weight",
  replayShare: "replay",
  learningRate: "rate",
};

/** Puts a setup into a link's parameters; all of it, so that the link outlives other defaults. */
export function writeSetup(parameters: URLSearchParams, setup: Setup): void {
  for (const [field, name] of Object.entries(names)) {
    const value = setup[field as keyof Setup];
    parameters.set(name, typeof value === "boolean" ? (value ? "1" : "0") : `${value}`);
  }
}

const engines = ["auto", "wasm", "webgl2", "webgpu"] as const;
const challengers = Object.keys(methodNames) as readonly Challenger[];

/** Reads a setup from a link; what is missing or makes no sense is the study's own. */
export function readSetup(parameters: URLSearchParams): Setup {
  const recipe = oneOf(parameters.get(names.recipe), Object.keys(recipes), "smoke");
  const own = defaultSetup(recipe);
  const number = (field: keyof Setup, min: number, max: number): number => {
    const text = parameters.get(names[field]);
    const value = text === null || text.trim() === "" ? NaN : Number(text);
    return value >= min && value <= max ? value : (own[field] as number);
  };
  const whole = (field: keyof Setup, min: number, max: number): number => {
    const value = number(field, min, max);
    return Number.isInteger(value) ? value : (own[field] as number);
  };
  return {
    recipe,
    seed: whole("seed", 0, 2 ** 31),
    engine: oneOf(parameters.get(names.engine), engines, own.engine),
    scratch: parameters.get(names.scratch) === "1",
    method: oneOf(parameters.get(names.method), challengers, own.method),
    alpha: number("alpha", 0, 1),
    budget: number("budget", 0, 10),
    outer: whole("outer", 1, 20),
    inner: whole("inner", 1, 20),
    space: oneOf(parameters.get(names.space), ["logit", "probability"], own.space),
    temperature: number("temperature", 0.1, 10),
    beta: number("beta", 0, 10),
    weight: number("weight", 0, 1),
    replayShare: number("replayShare", 0, 0.9),
    learningRate: number("learningRate", 1e-6, 1),
  };
}

const oneOf = <T extends string>(text: string | null, choices: readonly T[], otherwise: T): T =>
  choices.find((choice) => choice === text) ?? otherwise;
