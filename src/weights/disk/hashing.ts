import { builtin } from "../../engines/builtin.ts";
import { hex } from "../../json/hex.ts";
import type { RangeReader } from "../weightFile.ts";

/** SHA-256 of bytes that come one after the other. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  /** In hexadecimal, once; undefined in pages without TLS, which browsers do not give it. */
  digest(): Promise<string | undefined>;
}

type Crypto = typeof import("node:crypto");

/** In Node nothing is kept of the bytes; in pages, which have no such hash, all of them are. */
export function sha256(): Hasher {
  const hash = builtin<Crypto>("node:crypto")?.createHash("sha256");
  if (hash)
    return {
      update: (bytes) => void hash.update(bytes),
      digest: async () => hash.digest("hex"),
    };
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
  const kept: BlobPart[] = [];
  return {
    update: (bytes) => {
      if (subtle) kept.push(bytes.slice());
    },
    digest: async () => {
      if (!subtle) return undefined;
      const all = await new Blob(kept).arrayBuffer();
      return hex(new Uint8Array(await subtle.digest("SHA-256", all)));
    },
  };
}

/** Bytes as they come, which a hasher sees as they pass. */
export async function* hashed(
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  hasher: Hasher,
): AsyncGenerator<Uint8Array, void> {
  for await (const piece of bytes) {
    hasher.update(piece);
    yield piece;
  }
}

/** Bytes that are read at a time of what nobody has asked for. */
const PIECE = 1 << 22;

/** A file, and the digest of all of it, whatever parts of it are read. */
export interface HashedReader {
  readonly file: RangeReader;
  /** Reads what was not read yet. */
  digest(): Promise<string | undefined>;
}

/** Reads a file once, in whichever order: what is passed over is read before what comes after it. */
export function hashedReader(file: RangeReader): HashedReader {
  const hasher = sha256();
  /** Bytes that the hasher has seen. */
  let seen = 0;
  async function catchUp(to: number): Promise<void> {
    while (seen < to) see(seen, await file.read(seen, Math.min(PIECE, to - seen)));
  }
  function see(from: number, bytes: Uint8Array): void {
    if (from > seen || from + bytes.length <= seen) return;
    hasher.update(bytes.subarray(seen - from));
    seen = from + bytes.length;
  }
  return {
    file: {
      size: file.size,
      read: async (from, length, into) => {
        await catchUp(Math.min(from, file.size));
        const bytes = await file.read(from, length, into);
        see(from, bytes);
        return bytes;
      },
    },
    digest: async () => {
      await catchUp(file.size);
      return hasher.digest();
    },
  };
}
