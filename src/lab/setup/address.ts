import { challengers } from "./challengers.ts";
import { everyKnob, type KnobField, knobFields, knobs } from "./knobs.ts";
import { defaultSetup, recipes, type Setup } from "./setup.ts";

/** What links call all that is no knob; knobs say themselves what links call them. */
const names: { readonly [Name in Exclude<keyof Setup, KnobField>]: string } = {
  recipe: "recipe",
  seed: "seed",
  engine: "engine",
  scratch: "scratch",
  method: "method",
  space: "space",
};

/** Puts a setup into a link's parameters; all of it, so that the link outlives other defaults. */
export function writeSetup(parameters: URLSearchParams, setup: Setup): void {
  const { recipe, seed, engine, scratch, method, space } = setup;
  const said = { recipe, seed, engine, scratch: scratch ? 1 : 0, method, space };
  for (const [field, name] of Object.entries(names))
    parameters.set(name, `${said[field as keyof typeof said]}`);
  for (const field of knobFields) parameters.set(knobs[field].link, `${setup[field]}`);
}

const engines = ["auto", "wasm", "webgl2", "webgpu"] as const;

/** Reads a setup from a link; what is missing or makes no sense is the study's own. */
export function readSetup(parameters: URLSearchParams): Setup {
  const recipe = oneOf(parameters.get(names.recipe), Object.keys(recipes), "smoke");
  const own = defaultSetup(recipe);
  return {
    recipe,
    seed: number(parameters.get(names.seed), 0, 2 ** 31, true) ?? own.seed,
    engine: oneOf(parameters.get(names.engine), engines, own.engine),
    scratch: parameters.get(names.scratch) === "1",
    method: oneOf(parameters.get(names.method), challengers, own.method),
    space: oneOf(parameters.get(names.space), ["logit", "probability"], own.space),
    ...everyKnob((field) => {
      const { link, linked, whole = false } = knobs[field];
      return number(parameters.get(link), ...linked, whole) ?? own[field];
    }),
  };
}

/** Undefined where there is none within the bounds. */
function number(text: string | null, min: number, max: number, whole: boolean): number | undefined {
  const value = text === null || text.trim() === "" ? Number.NaN : Number(text);
  return value >= min && value <= max && (!whole || Number.isInteger(value)) ? value : undefined;
}

const oneOf = <T extends string>(text: string | null, choices: readonly T[], otherwise: T): T =>
  choices.find((choice) => choice === text) ?? otherwise;
