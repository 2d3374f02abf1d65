import type { Params } from "../nn/config.ts";
import type { LoadedModel } from "./load.ts";

/** The parameters of base and adapter apart. */
export function partsOf({ base, params }: Pick<LoadedModel, "base" | "params">): {
  readonly base: Params;
  readonly adapter: Params;
} {
  const of = (isBase: boolean): Params =>
    Object.fromEntries(
      Object.entries(params).filter(([name]) => Object.hasOwn(base.shapes, name) === isBase),
    );
  return { base: of(true), adapter: of(false) };
}
