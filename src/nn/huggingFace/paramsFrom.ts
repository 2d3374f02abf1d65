import { constant } from "../../tensor/apply.ts";
import { DataError, showShape } from "../../tensor/errors.ts";
import { at, sameShape, sizeOf } from "../../tensor/shapes.ts";
import type { Shape, Tensor, TypedArray } from "../../tensor/tensor.ts";
import { EMBEDDING, HEAD, type Params, type TransformerConfig } from "../config.ts";
import { isBuffer, isOtherTower, prefixOf, type Stored, storedTensors } from "./stored.ts";

/** Named tensors of one or several files, read one by one. */
export interface NamedTensors {
  readonly names: readonly string[];
  shapeOf(name: string): Shape;
  /** A host constant. */
  read(name: string): Promise<Tensor>;
}

/** A checkpoint's parameters. */
export interface LoadedParams {
  readonly params: Params;
  /** The config that fits them: files decide whether the head is the embedding. */
  readonly config: TransformerConfig;
  /** What the user should know: one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Reads a checkpoint's parameters, tensor by tensor: splits what the family's files join, turns what
 * they transpose, and finds out whether the head is the embedding.
 * @param config from `configOf`
 * @param path where the tensors come from, for messages
 * @param place where each parameter goes as soon as it is read, such as `engine.put`
 * @throws DataError that names a missing, misshaped or unknown tensor
 */
export async function paramsFrom(
  config: TransformerConfig,
  file: NamedTensors,
  path = "checkpoint",
  place: (tensor: Tensor) => Tensor = (tensor) => tensor,
): Promise<LoadedParams> {
  const names = new Set(file.names);
  const { rename, hasOthers } = prefixOf(storedTensors(config), names);
  const reader = readerOf(file, path);
  const heads = await headOf(config, reader, names, rename, path);
  const loaded: TransformerConfig = { ...config, tieEmbeddings: heads.isTied };
  const params: Record<string, Tensor> = {};
  const keep = (read: Params): void => {
    for (const [name, tensor] of Object.entries(read)) params[name] = place(tensor);
  };
  keep(heads.params);
  const known = new Set([rename(EMBEDDING), rename(HEAD)]);
  for (const stored of storedTensors(loaded)) {
    const name = rename(stored.name);
    known.add(name);
    if (stored.parts.every(({ param }) => param in params)) continue;
    keep(split(stored, await reader(name, stored.shape)));
  }
  const unknown = file.names.find(
    (name) => !known.has(name) && !isBuffer(name) && !(hasOthers && isOtherTower(name)),
  );
  if (unknown !== undefined)
    throw new DataError(
      `${path}: ${unknown} ${showShape(file.shapeOf(unknown))} belongs to no parameter of this ` +
        "config: config.json and weights are of different models",
    );
  return { params: inOrder(loaded, params), config: loaded, warnings: heads.warnings };
}

type Read = (name: string, shape: Shape) => Promise<Tensor>;

function readerOf(file: NamedTensors, path: string): Read {
  const names = new Set(file.names);
  return async (name, shape) => {
    if (!names.has(name))
      throw new DataError(`${path}: expected a tensor ${name} ${showShape(shape)}, got none`);
    const found = file.shapeOf(name);
    if (!sameShape(found, shape))
      throw new DataError(
        `${path}: expected ${name} to be ${showShape(shape)}, got ${showShape(found)}`,
      );
    return file.read(name);
  };
}

interface Heads {
  readonly isTied: boolean;
  readonly params: Params;
  readonly warnings: readonly string[];
}

/** config.json and the file may disagree on whether the head is the embedding: the file is right. */
async function headOf(
  config: TransformerConfig,
  read: Read,
  names: ReadonlySet<string>,
  rename: (name: string) => string,
  path: string,
): Promise<Heads> {
  const stored = storedTensors({ ...config, tieEmbeddings: false });
  const nameOf = (param: string) =>
    rename(stored.find(({ parts }) => parts.some((part) => part.param === param))?.name ?? param);
  const shape = [config.vocabSize, config.width];
  const [embedding, head] = [nameOf(EMBEDDING), nameOf(HEAD)];
  if (!names.has(head)) {
    if (config.tieEmbeddings)
      return { isTied: true, params: { [EMBEDDING]: await read(embedding, shape) }, warnings: [] };
    throw new DataError(
      `${path}: expected a tensor ${head} ${showShape(shape)}, got none; if the model's head is ` +
        'its embedding, set "tie_word_embeddings": true in config.json',
    );
  }
  const ownHead = await read(head, shape);
  if (!names.has(embedding) && config.tieEmbeddings)
    return {
      isTied: true,
      params: { [EMBEDDING]: ownHead },
      warnings: [`${embedding} is not there: ${head} serves as the embedding`],
    };
  const own = await read(embedding, shape);
  if (!config.tieEmbeddings)
    return { isTied: false, params: { [EMBEDDING]: own, [HEAD]: ownHead }, warnings: [] };
  if (isEqual(own.data, ownHead.data))
    return { isTied: true, params: { [EMBEDDING]: own }, warnings: [] };
  return {
    isTied: false,
    params: { [EMBEDDING]: own, [HEAD]: ownHead },
    warnings: [
      `${head} differs from ${embedding} although tie_word_embeddings is true: both are kept`,
    ],
  };
}

const isEqual = (a: TypedArray, b: TypedArray): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i]);

/** The parameters that a file's tensor holds. */
function split(stored: Stored, tensor: Tensor): Params {
  const rowMajor = stored.isTransposed ? transposed(tensor.data, tensor.shape) : tensor.data;
  const only = stored.parts.length === 1 && !stored.isTransposed;
  if (only) return { [at(stored.parts, 0).param]: tensor };
  let from = 0;
  return Object.fromEntries(
    stored.parts.map(({ param, shape }) => {
      const start = from;
      from += sizeOf(shape);
      return [param, constant(rowMajor.subarray(start, from), shape)];
    }),
  );
}

/** Rows and columns exchanged. */
export function transposed<T extends TypedArray>(data: T, shape: Shape): T {
  const [rows, columns] = [at(shape, 0), at(shape, 1)];
  const turned = data.slice() as T;
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) turned[c * rows + r] = data[r * columns + c] as number;
  return turned;
}

/** The order of the forward pass, as everything else that holds parameters has it. */
const inOrder = (config: TransformerConfig, params: Params): Params =>
  Object.fromEntries(
    storedTensors(config).flatMap(({ parts }) =>
      parts.flatMap(({ param }) => {
        const tensor = params[param];
        return tensor ? [[param, tensor] as const] : [];
      }),
    ),
  );
