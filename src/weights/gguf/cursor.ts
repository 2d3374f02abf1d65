import type { Refuse } from "../refuse.ts";

/** Thrown where a file's beginning is too short for its header. */
export class NeedsMore extends Error {
  /** As many bytes of the file at least. */
  readonly bytes: number;
  constructor(bytes: number) {
    super(`needs ${bytes} bytes of the file`);
    this.bytes = bytes;
  }
}

/** Reads one value after the other, little-endian. */
export class Cursor {
  position = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #size: number;
  readonly #refuse: Refuse;

  /** @param bytes the beginning of a file of `size` bytes */
  constructor(bytes: Uint8Array, size: number, refuse: Refuse) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#size = size;
    this.#refuse = refuse;
  }

  /** Steps over bytes that must be there. @returns where they begin */
  #take(length: number, what: string): number {
    const at = this.position;
    const left = this.#size - at;
    if (length > left)
      this.#refuse(at, `${length} bytes for ${what}`, `a file that ends ${left} on`);
    if (at + length > this.#bytes.length) throw new NeedsMore(at + length);
    this.position = at + length;
    return at;
  }

  uint32(what: string): number {
    return this.#view.getUint32(this.#take(4, what), true);
  }

  uint64(what: string): number {
    const at = this.position;
    const value = Number(this.#view.getBigUint64(this.#take(8, what), true));
    return Number.isSafeInteger(value) ? value : this.#refuse(at, `${what} below 2^53`, `${value}`);
  }

  /** How many things follow, each of `least` bytes at least. */
  count(things: string, least: number): number {
    const at = this.position;
    const count = this.uint64(`the number of ${things}`);
    const most = Math.floor((this.#size - this.position) / least);
    if (count > most)
      this.#refuse(at, `at most ${most} ${things}, for which the file has room`, `${count}`);
    return count;
  }

  bool(what: string): boolean {
    const at = this.#take(1, what);
    const byte = this.#view.getUint8(at);
    return byte < 2 ? byte === 1 : this.#refuse(at, `0 or 1 for ${what}`, `${byte}`);
  }

  string(what: string, longest: number = 2 ** 31): string {
    const at = this.position;
    const length = this.uint64(`the length of ${what}`);
    if (length > longest) this.#refuse(at, `${what} of at most ${longest} bytes`, `${length}`);
    const from = this.#take(length, what);
    try {
      return utf8.decode(this.#bytes.subarray(from, from + length));
    } catch {
      return this.#refuse(from, `${what} in UTF-8`, "other bytes");
    }
  }

  /** Bytes of their own. */
  buffer(length: number, what: string): ArrayBuffer {
    const from = this.#take(length, what);
    return new Uint8Array(this.#bytes.subarray(from, from + length)).buffer;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
