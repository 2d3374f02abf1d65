import { constant } from "../../tensor/apply.ts";
import { at, sizeOf } from "../../tensor/shapes.ts";
import type { Shape, Tensor, TypedArray } from "../../tensor/tensor.ts";
import { completeConfig } from "../completeConfig.ts";
import { expectParams, type Params, parameterShapes, type TransformerConfig } from "../config.ts";
import { transposed } from "./paramsFrom.ts";
import { prefixOf, type Stored, storedTensors } from "./stored.ts";

/** A tensor to write, made when it is asked for. */
export interface TensorToWrite {
  readonly name: string;
  readonly shape: Shape;
  /** The parameters that it holds. */
  readonly parts: readonly string[];
  /**
   * A host constant; joined or turned anew with each call, so that only one is held at a time.
   * @param values of its parts, in place of those that were given before
   */
  make(values?: Params): Tensor;
}

/**
 * Parameters as the family's files hold them: the inverse of `paramsFrom`. A tied head is not
 * written. Gradients by parameter name go the same way.
 * @param params host constants; others where `make` is given values
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
  return stored.map((each) => ({
    name: rename(each.name),
    shape: each.shape,
    parts: each.parts.map(({ param }) => param),
    make: (values = params) => joined(each, values),
  }));
}

function joined({ parts, shape, isTransposed }: Stored, params: Params): Tensor {
  const tensors = parts.map(({ param }) => params[param] as Tensor);
  const first = at(tensors, 0);
  if (parts.length === 1 && !isTransposed) return first;
  const all = sameKind(first.data, sizeOf(shape));
  let from = 0;
  for (const { data } of tensors) {
    all.set(data, from);
    from += data.length;
  }
  return constant(isTransposed ? transposed(all, shape.toReversed()) : all, shape);
}

const sameKind = (like: TypedArray, length: number): TypedArray =>
  like instanceof Float64Array ? new Float64Array(length) : new Float32Array(length);
