import { DataError, showShape } from "../../tensor/errors.ts";
import { sameNumbers, type TensorParts, turned, wholeOf } from "../../tensor/parts.ts";
import { at, sameShape } from "../../tensor/shapes.ts";
import type { Shape, Tensor } from "../../tensor/tensor.ts";
import { EMBEDDING, HEAD, type Params, type TransformerConfig } from "../config.ts";
import { isBuffer, isOtherTower, prefixOf, type Stored, storedTensors } from "./stored.ts";

/** Named tensors of one or several files, read one by one, in parts. */
export interface NamedTensors {
  readonly names: readonly string[];
  shapeOf(name: string): Shape;
  /** @param rows only these rows of the first axis, the last excluded */
  stream(name: string, rows?: readonly [from: number, to: number]): TensorParts;
}

/** Where a parameter goes, as its numbers are read: `engine.putParts`, or an array of the host. */
export type PlaceParts = (parts: TensorParts, name: string) => Promise<Tensor>;

/** A checkpoint's parameters. */
export interface LoadedParams {
  readonly params: Params;
  /** The config that fits them: files decide whether the head is the embedding. */
  readonly config: TransformerConfig;
  /** What the user should know: one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Reads a checkpoint's parameters, tensor by tensor and in parts: splits what the family's files
 * join, turns what they transpose, and finds out whether the head is the embedding.
 * @param config from `configOf`
 * @param path where the tensors come from, for messages
 * @param place where each parameter goes as it is read; by default it becomes a host constant
 * @throws DataError that names a missing, misshaped or unknown tensor
 */
export async function paramsFrom(
  config: TransformerConfig,
  file: NamedTensors,
  path = "checkpoint",
  place: PlaceParts = wholeOf,
): Promise<LoadedParams> {
  const names = new Set(file.names);
  const { rename, hasOthers } = prefixOf(storedTensors(config), names);
  const reader = readerOf(file, path);
  const heads = await headOf(config, reader, names, rename, path);
  const loaded: TransformerConfig = { ...config, tieEmbeddings: heads.isTied };
  const params: Record<string, Tensor> = {};
  const keep = async (found: Streams): Promise<void> => {
    for (const [name, parts] of Object.entries(found)) params[name] = await place(parts, name);
  };
  await keep(heads.params);
  const known = new Set([rename(EMBEDDING), rename(HEAD)]);
  for (const stored of storedTensors(loaded)) {
    const name = rename(stored.name);
    known.add(name);
    if (stored.parts.every(({ param }) => param in params)) continue;
    await keep(split(stored, reader(name, stored.shape)));
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

/** By parameter. */
type Streams = Readonly<Record<string, TensorParts>>;

/** Some rows of a tensor, or all of them. */
type Rows = (rows?: readonly [from: number, to: number]) => TensorParts;

/** @throws DataError for a tensor that is not there or of another shape */
type Read = (name: string, shape: Shape) => Rows;

function readerOf(file: NamedTensors, path: string): Read {
  const names = new Set(file.names);
  return (name, shape) => {
    if (!names.has(name))
      throw new DataError(`${path}: expected a tensor ${name} ${showShape(shape)}, got none`);
    const found = file.shapeOf(name);
    if (!sameShape(found, shape))
      throw new DataError(
        `${path}: expected ${name} to be ${showShape(shape)}, got ${showShape(found)}`,
      );
    return (rows) => file.stream(name, rows);
  };
}

interface Heads {
  readonly isTied: boolean;
  readonly params: Streams;
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
      return { isTied: true, params: { [EMBEDDING]: read(embedding, shape)() }, warnings: [] };
    throw new DataError(
      `${path}: expected a tensor ${head} ${showShape(shape)}, got none; if the model's head is ` +
        'its embedding, set "tie_word_embeddings": true in config.json',
    );
  }
  const ownHead = read(head, shape)();
  if (!names.has(embedding) && config.tieEmbeddings)
    return {
      isTied: true,
      params: { [EMBEDDING]: ownHead },
      warnings: [`${embedding} is not there: ${head} serves as the embedding`],
    };
  const own = read(embedding, shape)();
  if (!config.tieEmbeddings)
    return { isTied: false, params: { [EMBEDDING]: own, [HEAD]: ownHead }, warnings: [] };
  if (await sameNumbers(own, ownHead))
    return { isTied: true, params: { [EMBEDDING]: own }, warnings: [] };
  return {
    isTied: false,
    params: { [EMBEDDING]: own, [HEAD]: ownHead },
    warnings: [
      `${head} differs from ${embedding} although tie_word_embeddings is true: both are kept`,
    ],
  };
}

/** The parameters that a file's tensor holds. */
function split({ parts, isTransposed }: Stored, rows: Rows): Streams {
  const [only, ...others] = parts;
  if (only && others.length === 0 && !isTransposed) return { [only.param]: rows() };
  let end = 0;
  return Object.fromEntries(
    parts.map(({ param, shape }) => {
      const from = end;
      end += at(shape, 0);
      return [param, isTransposed ? turned(rows(), [from, end]) : rows([from, end])];
    }),
  );
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
