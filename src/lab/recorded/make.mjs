// Records the run that the lab plays when it opens: some minutes on one core. It is recorded anew
// when the study's numbers change, which spec/lab/opening.spec.ts tells.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const built = await mkdtemp(join(tmpdir(), "anchorgrad-recording-"));
try {
  const outfile = join(built, "record.mjs");
  await build({
    ...{ entryPoints: [here("record.ts")], outfile, bundle: true, format: "esm", platform: "node" },
    target: "node20",
    logLevel: "error",
  });
  const { record } = await import(pathToFileURL(outfile));
  await writeFile(here("recording.json"), await record(here("../bases")));
} finally {
  await rm(built, { recursive: true });
}
