import { cut, type TensorParts } from "../../tensor/parts.ts";
import { sizeOf } from "../../tensor/shapes.ts";
import { BLOCK, BLOCK_BYTES, dequantize } from "../../tensor/storage/q8.ts";
import { isStoredType, storedTypes } from "../dtypes.ts";
import { asCodes, type Coding, numbersIn, streamPlace } from "../place.ts";
import { refusing } from "../refuse.ts";
import { type FileSource, openSource } from "../source.ts";
import {
  entryOf,
  type RangeReader,
  type Rows,
  reading,
  rowsOf,
  type TensorFile,
} from "../weightFile.ts";
import { NeedsMore } from "./cursor.ts";
import { type GgufHeader, type GgufPlace, readGgufHeader } from "./header.ts";
import type { GgufMetadata, GgufType } from "./types.ts";

/** A GGUF file: tensors under llama.cpp's names, and what is known about the model. */
export interface GgufFile extends TensorFile {
  readonly metadata: GgufMetadata;
  /** The type of each value, so that it can be written again as it was. */
  readonly types: Readonly<Record<string, GgufType>>;
}

/** Most headers are shorter; a large vocabulary has some megabytes. */
const FIRST_LOOK = 1 << 20;
const LONGEST_HEADER = 1 << 29;

/**
 * Opens a GGUF file (version 3, or 2): a path in Node, bytes, or a page's Blob. The header is read
 * now, numbers when they are asked for: F32, F16, BF16 and Q8_0, all as float32.
 * @example const gguf = await readGguf("model.gguf"); gguf.metadata["general.architecture"]
 * @throws DataError with the path, the byte offset and what was expected
 */
export async function readGguf(source: FileSource): Promise<GgufFile> {
  const { file, path } = await openSource(source, "gguf");
  return openGguf(file, path);
}

export async function openGguf(file: RangeReader, path: string): Promise<GgufFile> {
  const { metadata, types, places } = await headerOf(file, path);
  return {
    ...{ metadata, types, names: [...places.keys()] },
    shapeOf: (name) => entryOf(places, name, path).shape,
    dtypeOf: (name) => entryOf(places, name, path).type,
    ...reading((name, rows) => streamTensor(file, path, name, entryOf(places, name, path), rows)),
  };
}

async function headerOf(file: RangeReader, path: string): Promise<GgufHeader> {
  const refuse = refusing(path);
  for (let length = Math.min(FIRST_LOOK, file.size); ; ) {
    const bytes = await file.read(0, length);
    if (bytes.length < length) refuse(0, `${length} bytes`, `${bytes.length}`);
    try {
      return readGgufHeader(bytes, file.size, refuse);
    } catch (error) {
      if (!(error instanceof NeedsMore)) throw error;
      if (error.bytes > LONGEST_HEADER)
        refuse(0, `a header of at most ${LONGEST_HEADER} bytes`, "a longer one");
      length = Math.min(file.size, Math.max(2 * length, error.bytes));
    }
  }
}

function streamTensor(
  file: RangeReader,
  path: string,
  name: string,
  { type, shape, from }: GgufPlace,
  rows?: Rows,
): TensorParts {
  if (isStoredType(type)) return streamPlace(file, path, name, { type, shape, from }, rows);
  const wanted = rowsOf(shape, rows, name);
  const perRow = sizeOf(shape.slice(1));
  const first = (rows?.[0] ?? 0) * perRow;
  // Rows of whole blocks are only those of matrices: a vector is quantised across its rows.
  const skipped = first % BLOCK;
  const count = Math.ceil((skipped + sizeOf(wanted)) / BLOCK) * BLOCK;
  const start = from + ((first - skipped) / BLOCK) * BLOCK_BYTES;
  const span = { from: start, count, path, name };
  const numbers = () => numbersIn(file, span, q8);
  const isWhole = count === sizeOf(wanted);
  return {
    ...{ shape: wanted, dtype: "float" },
    ...(wanted.length > 1 && isWhole && asCodes(file, span, "q8_0")),
    parts: isWhole ? numbers : () => cut(numbers(), skipped, skipped + sizeOf(wanted)),
  };
}

const q8: Coding = {
  ...{ block: BLOCK, bytes: BLOCK_BYTES, dtype: "float" },
  view: storedTypes.F32.view,
  decode: (bytes, into) => {
    dequantize(bytes, into as Float32Array);
    return -1;
  },
};
