import { inParts, type TensorParts, turned } from "../../tensor/parts.ts";
import { at } from "../../tensor/shapes.ts";
import type { Shape, Tensor } from "../../tensor/tensor.ts";
import { completeConfig } from "../completeConfig.ts";
import { expectParams, type Params, parameterShapes, type TransformerConfig } from "../config.ts";
import { prefixOf, type Stored, storedTensors } from "./stored.ts";

/** A tensor to write, made when it is asked for. */
export interface TensorToWrite {
  readonly name: string;
  readonly shape: Shape;
  /** The parameters that it holds. */
  readonly parts: readonly string[];
  /**
   * Its numbers: those of its parameters one after the other, or turned.
   * @param of gives a parameter's numbers, in place of those that were given before
   */
  stream(of?: (param: string) => TensorParts): TensorParts;
}

/**
 * Parameters as the family's files hold them: the inverse of `paramsFrom`. A tied head is not
 * written. Gradients by parameter name go the same way.
 * @param params host constants; others where `stream` is told where to find numbers
 * @param like names of the checkpoint's own files, whose prefix is kept; the language model's own
 *   names by default
 * @throws TypeError for a missing or unknown parameter, ShapeError for a shape
 */
export function tensorsFor(
  config: TransformerConfig,
  params: Params,
  like: readonly string[] = [],
): readonly TensorToWrite[] {
  expectParams(parameterShapes(completeConfig(config)), params);
  const stored = storedTensors(config);
  const { rename } = prefixOf(stored, new Set(like));
  const given = (param: string): TensorParts => inParts(params[param] as Tensor);
  return stored.map((each) => ({
    name: rename(each.name),
    shape: each.shape,
    parts: each.parts.map(({ param }) => param),
    stream: (of = given) => joined(each, of),
  }));
}

function joined(
  { parts, shape, isTransposed }: Stored,
  of: (param: string) => TensorParts,
): TensorParts {
  const all = parts.map(({ param }) => of(param));
  const joined: TensorParts = {
    shape: isTransposed ? shape.toReversed() : shape,
    dtype: at(all, 0).dtype,
    async *parts() {
      for (const each of all) yield* each.parts();
    },
  };
  return isTransposed ? turned(joined) : joined;
}
