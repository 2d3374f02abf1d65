import { wordsOf } from "../../../kernels/gpu/casts/cast.ts";
import { castShader } from "../../../kernels/gpu/casts/wgsl.ts";
import type { Launched } from "../../../kernels/gpu/kernel.ts";
import { bytesOf } from "../../tensor/storage/types.ts";
import type { Span } from "../device.ts";
import type { Driver, Launch } from "./driver.ts";
import type { Storage } from "./storage.ts";

interface Options {
  /** Memory for so many words. @throws RangeError for too many */
  allocate(words: number): Storage;
  write(to: Storage, from: number, words: Float32Array): void;
  readWords(of: Storage, span: Span): Promise<ArrayBuffer>;
  checkSize(words: number): void;
  /** Makes a kernel ready. */
  launch(kernel: Launched, source: string, code: string): Promise<Launch<Storage>>;
}

/** Codes of storage types as they are, in buffers of words. */
export const codeBuffers = ({
  allocate,
  write,
  readWords,
  checkSize,
  launch,
}: Options): Driver<Storage>["codes"] => ({
  allocate: (bytes) => allocate(wordsOf(bytes)),
  write(storage, from, bytes) {
    const padded = new Uint8Array(4 * wordsOf(bytes.length));
    padded.set(bytes);
    // Copied as bytes: nobody looks at them as floats.
    write(storage, from / 4, new Float32Array(padded.buffer));
  },
  async read(storage, [from, to]) {
    const first = Math.floor(from / 4);
    const words = await readWords(storage, [first, Math.ceil(to / 4)]);
    return new Uint8Array(words).slice(from - 4 * first, to - 4 * first);
  },
  cast(cast) {
    const { elements, storage, widens } = cast;
    const made = widens ? elements : wordsOf(bytesOf(storage, elements));
    checkSize(made);
    const shader = castShader(cast);
    return launch({ reads: [0], extent: [made], lanes: 1, shader }, shader.code, shader.code);
  },
});
