// Compiles the kernels twice — plain SIMD, and relaxed SIMD with fused multiply-add — into
// src/engines/wasm/machine/modules.generated.ts. Skips the work when no source has changed. With --fast
// it compiles them once, plain and hardly optimised, for somebody who is at work on them: an engine
// then has no fused multiply-add, and the next build without the flag makes both.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "../../src/engines/wasm/machine/modules.generated.ts");
const compiler = join(here, "../../node_modules/assemblyscript/package.json");
const sources = readdirSync(here, { recursive: true })
  .filter((name) => /\.(ts|mjs|json)$/.test(name))
  .sort();

function hashSources() {
  const hash = createHash("sha256").update(JSON.parse(readFileSync(compiler, "utf8")).version);
  for (const name of sources) hash.update(name).update(readFileSync(join(here, name)));
  return hash.digest("hex");
}

/**
 * The binary of one build; anything the compiler has to say is an error. In hexadecimal a byte stays
 * a whole number of letters, so that who compresses the text finds what repeats: base64 makes 55 kB
 * of both binaries, this 42.
 */
async function compile(asc, features, level) {
  const files = new Map();
  const messages = [];
  const stream = { write: (text) => void messages.push(text) };
  const { error } = await asc.main(
    [
      "index.ts",
      "--outFile=kernels.wasm",
      ...["simd", "threads", ...features].flatMap((feature) => ["--enable", feature]),
      ...[level, "--debug", "--noAssert", "--runtime=stub", "--use=abort="],
      ...["--importMemory", "--sharedMemory", "--initialMemory=1", "--maximumMemory=65536"],
    ],
    {
      stdout: stream,
      stderr: stream,
      readFile: (name, base) => {
        try {
          return readFileSync(join(here, base === here ? "" : base, name), "utf8");
        } catch {
          return null;
        }
      },
      writeFile: (name, contents) => void files.set(name, contents),
      listFiles: () => [],
    },
  );
  const binary = files.get("kernels.wasm");
  if (error || !binary || messages.length > 0)
    throw new Error(`kernels/wasm: ${messages.join("")}${error?.message ?? ""}`);
  return Buffer.from(binary).toString("hex");
}

const fast = process.argv.includes("--fast");
const sourcesHash = hashSources();
const full = `// kernels/wasm ${sourcesHash}\n`;
const stamp = fast ? `// kernels/wasm ${sourcesHash} fast\n` : full;
let current = "";
try {
  current = readFileSync(target, "utf8");
} catch {}
if (current.startsWith(stamp) || current.startsWith(full)) console.log("kernels/wasm: up to date");
else {
  const started = performance.now();
  const { default: asc } = await import("assemblyscript/asc");
  const simd = await compile(asc, [], fast ? "-O1" : "-O3");
  const relaxedSimd = fast ? undefined : await compile(asc, ["relaxed-simd"], "-O3");
  const text = `${stamp}/** WebAssembly binaries in hexadecimal: kernels/wasm/build.mjs makes them. */
export const simd: string =
  "${simd}";
/** Absent from a fast build. */
export const relaxedSimd: string | undefined =
  ${relaxedSimd && `"${relaxedSimd}"`};
`;
  writeFileSync(target, text);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`kernels/wasm: built ${Math.round(text.length / 1024)} kB in ${seconds} s`);
}
