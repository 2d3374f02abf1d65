import type { Language } from "../numbers/language.ts";

/** The two storage types of 16 bits. */
export type Half = "bf16" | "f16";

interface Format {
  readonly exponentBits: number;
  readonly mantissaBits: number;
  readonly bias: number;
}

const formats: { readonly [K in Half]: Format } = {
  bf16: { exponentBits: 8, mantissaBits: 7, bias: 127 },
  f16: { exponentBits: 5, mantissaBits: 10, bias: 15 },
};

/** Statements that return the number of `code`, a whole float below 65536: exactly, but that a GPU may
 * take float32's subnormals for 0. */
export const widenBody = (half: Half, language: Language): string =>
  language.bits ? widenByBits(half, language) : widenByFloats(formats[half], language);

/** Statements that return the code nearest to `x`, ties to even, as a whole float. */
export const roundBody = (half: Half, language: Language): string =>
  language.bits ? roundByBits(half, language, language.bits) : roundByFloats(formats[half]);

function widenByBits(half: Half, { declare, fromBits, toFloat, toUint }: Language): string {
  const bits = declare("uint", "bits", toUint("code"));
  if (half === "bf16") return `${bits} return ${fromBits("bits << 16u")};`;
  return `${bits}
  ${declare("uint", "negative", "(bits & 0x8000u) << 16u")}
  ${declare("uint", "exponent", "(bits >> 10u) & 31u")}
  ${declare("uint", "mantissa", "bits & 0x3ffu")}
  if (exponent == 31u) { return ${fromBits("negative | 0x7f800000u | (mantissa << 13u)")}; }
  if (exponent > 0u) { return ${fromBits(
    "negative | ((exponent + 112u) << 23u) | (mantissa << 13u)",
  )}; }
  ${declare("float", "small", `${toFloat("mantissa")} * ${2 ** -24}`)}
  if (negative > 0u) { return -small; }
  return small;`;
}

function roundByBits(
  half: Half,
  { declare, fromBits, toFloat }: Language,
  bits: (x: string) => string,
): string {
  const size = `${declare("uint", "word", bits("x"))}
  ${declare("uint", "size", "word & 0x7fffffffu")}
  ${declare("uint", "negative", "(word >> 16u) & 0x8000u")}`;
  const code = (value: string): string => `return ${toFloat(`negative | (${value})`)};`;
  if (half === "bf16")
    return `${size}
  if (size > 0x7f800000u) { ${code("(size >> 16u) | 0x40u")} }
  ${code("(size + 0x7fffu + ((size >> 16u) & 1u)) >> 16u")}`;
  return `${size}
  if (size > 0x7f800000u) { ${code("0x7e00u")} }
  if (size >= 0x477ff000u) { ${code("0x7c00u")} }
  if (size >= 0x38800000u) {
  ${declare("uint", "shifted", "size - 0x38000000u")}
  ${code("(shifted + 0xfffu + ((shifted >> 13u) & 1u)) >> 13u")}
  }
  ${declare("float", "sum", `${fromBits("size")} + 0.5`)}
  ${code(`${bits("sum")} - 0x3f000000u`)}`;
}

/** Multiplying by powers of two is exact. */
const POWERS = [64, 32, 16, 8, 4, 2, 1];

function widenByFloats(
  { exponentBits, mantissaBits, bias }: Format,
  { infinity, nan }: Language,
): string {
  const [unit, top] = [2 ** mantissaBits, 2 ** exponentBits - 1];
  const up = POWERS.map((n) => `if (e >= ${n}.0) { value *= ${real(2 ** n)}; e -= ${n}.0; }`);
  const down = POWERS.map((n) => `if (e <= -${n}.0) { value *= ${real(2 ** -n)}; e += ${n}.0; }`);
  return `float negative = floor(code / 32768.0);
  float rest = code - negative * 32768.0;
  float e = floor(rest / ${unit}.0);
  float m = rest - e * ${unit}.0;
  float value = 1.0 + m * ${real(1 / unit)};
  if (e == 0.0) {
    value = m * ${real(2 ** -mantissaBits)};
    e = 1.0;
  } else if (e == ${top}.0) {
    if (m > 0.0) { return ${nan}; }
    value = ${infinity};
    e = ${bias}.0;
  }
  e -= ${bias}.0;
  ${up.join("\n  ")}
  ${down.join("\n  ")}
  return negative > 0.0 ? -value : value;`;
}

function roundByFloats({ exponentBits, mantissaBits, bias }: Format): string {
  const [unit, top] = [2 ** mantissaBits, 2 ** exponentBits - 1];
  const down = POWERS.map(
    (n) => `if (a >= ${real(2 ** n)}) { a *= ${real(2 ** -n)}; e += ${n}.0; }`,
  );
  const up = POWERS.map(
    (n) => `if (a < ${real(2 ** (1 - n))}) { a *= ${real(2 ** n)}; e -= ${n}.0; }`,
  );
  const halvings = POWERS.filter((n) => n < 16).map(
    (n) => `if (below >= ${n}.0) { a *= ${real(2 ** -n)}; e += ${n}.0; below -= ${n}.0; }`,
  );
  return `float negative = x < 0.0 ? 32768.0 : 0.0;
  if (!(x <= 0.0 || x >= 0.0)) { return ${(top + 0.5) * unit}.0; }
  float a = abs(x);
  float e = 0.0;
  if (a == 0.0) { return negative; }
  if (a > 3.4028234e38) { return negative + ${top * unit}.0; }
  ${down.join("\n  ")}
  ${up.join("\n  ")}
  float below = ${1 - bias}.0 - e;
  if (below > ${mantissaBits + 2}.0) { return negative; }
  ${halvings.join("\n  ")}
  float q = a * ${unit}.0;
  float n = floor(q);
  float r = q - n;
  if (r > 0.5 || (r == 0.5 && n - 2.0 * floor(n * 0.5) == 1.0)) { n += 1.0; }
  if (e > ${bias}.0) { return negative + ${top * unit}.0; }
  return negative + (e + ${bias}.0) * ${unit}.0 + n - ${unit}.0;`;
}

const real = (x: number): string => x.toExponential();
