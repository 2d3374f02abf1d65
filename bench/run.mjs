// npm run bench [-- suite … [S|M|L] [--quick] [--threads n] [--out file]]: how fast the wasm engine is here.
import { parseArgs } from "node:util";
import { compile } from "./compile.mjs";
import { generate } from "./generate.mjs";
import { gpu } from "./gpu/gpu.mjs";
import { kernels } from "./kernels.mjs";
import { provenance } from "./machine.mjs";
import { profile } from "./profile.mjs";
import { scaling } from "./scaling.mjs";
import { step } from "./step.mjs";

const suites = { kernels, step, compile, generate, profile, scaling, gpu };
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Fewer repeats, for trying things out. */
    quick: { type: "boolean", default: false },
    /** Where `scaling` writes its report. */
    out: { type: "string", default: "runs/scaling.html" },
    /** Threads of `profile` and `generate`. */
    threads: { type: "string", default: "1" },
  },
});
const sizes = positionals.filter((word) => /^[SML]$/.test(word));
const wanted = positionals.filter((word) => !sizes.includes(word));
for (const name of wanted)
  if (!(name in suites))
    throw new RangeError(`bench: expected ${Object.keys(suites).join(", ")}, got ${name}`);
for (const name of wanted.length > 0 ? wanted : Object.keys(suites)) {
  console.log(`\n## ${name}\n${provenance()}\n`);
  await suites[name]({ ...values, threads: Number(values.threads), sizes });
}
