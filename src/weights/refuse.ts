import { DataError } from "../tensor/errors.ts";

/** Refuses a file: where in it, what was expected, what is there. */
export type Refuse = (byte: number, expected: string, got: string) => never;

/** @param path names the file in messages */
export const refusing =
  (path: string): Refuse =>
  (byte, expected, got) => {
    throw new DataError(`${path}: byte ${byte}: expected ${expected}, got ${got}`);
  };

/** A name or value as it stands in a message: quoted, and no longer than a line. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? `${value}`;
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

const ascii = (text: string): number[] => Array.from(text, (c) => c.charCodeAt(0));

const foreign: readonly (readonly [start: readonly number[], what: string])[] = [
  [
    ascii("version https://git-lfs"),
    "a Git LFS pointer: the file itself was not downloaded (git lfs pull)",
  ],
  [ascii("<"), "a web page or XML: the download was answered by something else"],
  [ascii("GGUF"), "a GGUF file: readGguf reads it"],
  [ascii("ggjt"), "a GGML file, older than GGUF"],
  [ascii("PK\x03\x04"), "a zip archive (a PyTorch .bin?): convert it to safetensors"],
  [[0x80, 0x02], "a Python pickle (a PyTorch .bin?): convert it to safetensors"],
  [[0x89, ...ascii("HDF")], "an HDF5 file"],
  [[0x1f, 0x8b], "a gzip archive"],
  [ascii("{"), "JSON"],
];

/** What a file that is not of the wanted format looks to be, by its first bytes. */
export const foreignKind = (start: Uint8Array): string | undefined =>
  foreign.find(([bytes]) => bytes.every((byte, i) => start[i] === byte))?.[1];
