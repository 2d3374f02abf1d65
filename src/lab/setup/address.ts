import { decimalIn, shownIn } from "../decimal.ts";
import { challengers } from "./challengers.ts";
import { everyKnob, type KnobField, knobFields, knobs } from "./knobs.ts";
import { defaultSetup, recipes, type Setup } from "./setup.ts";
import { suretyNames } from "./surety.ts";

/** What links call all that is no knob; knobs say themselves what links call them. */
const names: { readonly [Name in Exclude<keyof Setup, KnobField>]: string } = {
  recipe: "recipe",
  seed: "seed",
  engine: "engine",
  scratch: "scratch",
  method: "method",
  space: "space",
  surety: "sure",
};

/** Puts a setup into a link's parameters; all of it, so that the link outlives other defaults. */
export function writeSetup(parameters: URLSearchParams, setup: Setup): void {
  const { recipe, seed, engine, scratch, method, space, surety } = setup;
  const said = { recipe, seed, engine, scratch: scratch ? 1 : 0, method, space, surety };
  for (const [field, name] of Object.entries(names))
    parameters.set(name, `${said[field as keyof typeof said]}`);
  for (const field of knobFields) parameters.set(knobs[field].link, `${setup[field]}`);
}

const engines = ["auto", "wasm", "webgl2", "webgpu"] as const;

/**
 * Reads a setup from a link; what is missing or makes no sense is the study's own.
 * @param refuse is told what makes no sense, in words
 */
export function readSetup(
  parameters: URLSearchParams,
  refuse: (problem: string) => void = () => {},
): Setup {
  const oneOf = <T extends string>(name: string, choices: readonly T[], otherwise: T): T => {
    const text = parameters.get(name);
    const found = choices.find((choice) => choice === text);
    if (text !== null && found === undefined)
      refuse(`expected one of ${choices.join(", ")} for ${name}, got ${shownIn(text)}`);
    return found ?? otherwise;
  };
  const number = (name: string, min: number, max: number, whole: boolean): number | undefined => {
    const text = parameters.get(name);
    const value = numberIn(text, min, max, whole);
    if (text !== null && value === undefined)
      refuse(
        `expected a ${whole ? "whole " : ""}number from ${min} to ${max} for ${name}, got ${shownIn(text)}`,
      );
    return value;
  };
  const recipe = oneOf(names.recipe, Object.keys(recipes), "smoke");
  const own = defaultSetup(recipe);
  return {
    recipe,
    seed: number(names.seed, 0, 2 ** 31, true) ?? own.seed,
    engine: oneOf(names.engine, engines, own.engine),
    scratch: oneOf(names.scratch, ["0", "1"], "0") === "1",
    method: oneOf(names.method, challengers, own.method),
    space: oneOf(names.space, ["logit", "probability"], own.space),
    surety: oneOf(names.surety, suretyNames, own.surety),
    ...everyKnob((field) => {
      const { link, linked, whole = false } = knobs[field];
      return number(link, ...linked, whole) ?? own[field];
    }),
  };
}

/** Undefined where there is none within the bounds. */
function numberIn(
  text: string | null,
  min: number,
  max: number,
  whole: boolean,
): number | undefined {
  const value = decimalIn(text ?? "");
  return value >= min && value <= max && (!whole || Number.isInteger(value)) ? value : undefined;
}
