/** The first 32 bits of the fractional parts of the square and cube roots of the primes. */
function roots(count: number, power: number): Uint32Array {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++)
    if (primes.every((prime) => n % prime)) primes.push(n);
  return Uint32Array.from(primes, (prime) => (prime ** power % 1) * 2 ** 32);
}

const START = roots(8, 1 / 2);
const ROUND = roots(64, 1 / 3);

const rotate = (x: number, by: number): number => (x >>> by) | (x << (32 - by));

/** The text's UTF-8 bytes, a one, zeros, and their number of bits, in blocks of 16 words. */
function padded(text: string): DataView {
  const bytes = new TextEncoder().encode(text);
  const blocks = new Uint8Array(Math.ceil((bytes.length + 9) / 64) * 64);
  blocks.set(bytes);
  blocks[bytes.length] = 0x80;
  const view = new DataView(blocks.buffer);
  view.setUint32(blocks.length - 4, bytes.length * 8);
  return view;
}

/** SHA-256 (FIPS 180-4) of a text, as eight 32-bit words. */
export function sha256(text: string): Uint32Array {
  const message = padded(text);
  const hash = START.slice();
  const w = new Uint32Array(64);
  for (let at = 0; at < message.byteLength; at += 64) {
    for (let t = 0; t < 64; t++) w[t] = t < 16 ? message.getUint32(at + 4 * t) : schedule(w, t);
    compress(hash, w);
  }
  return hash;
}

function schedule(w: Uint32Array, t: number): number {
  const [a, b] = [w[t - 15] as number, w[t - 2] as number];
  const small = rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3);
  const large = rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10);
  return (w[t - 16] as number) + small + (w[t - 7] as number) + large;
}

function compress(hash: Uint32Array, w: Uint32Array): void {
  let [a, b, c, d, e, f, g, h] = hash as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  for (let t = 0; t < 64; t++) {
    const first =
      h +
      (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
      ((e & f) ^ (~e & g)) +
      (ROUND[t] as number) +
      (w[t] as number);
    const second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => {
    hash[i] = (hash[i] as number) + word;
  });
}
