import { dirname, resolve } from "node:path";
import { lossVectors } from "../../anchored/vectors/vectors.ts";
import { makeFolder, writeWhole } from "../../weights/files.ts";
import type { Command, Terminal } from "../terminal/command.ts";
import { describeKnobs, overwrite, readKnobs, text } from "../terminal/knobs.ts";
import { expectNewFile } from "../terminal/place.ts";

const knobs = { out: text("<file>", "where it is written; else it is printed"), overwrite };

const usage = `anchorgrad vectors [--out <file.json>]

  npx anchorgrad vectors --out vectors.json

Test vectors of every method's loss, for other programs to check theirs: inputs, settings, loss and
gradient in float64, with the formula and where it was published. The same bits on every machine;
docs/vectors.md says how to check them in PyTorch.

Options
${describeKnobs(knobs)}`;

async function run(args: readonly string[], { out, folder }: Terminal): Promise<boolean> {
  const { out: file, overwrite: replaces } = readKnobs(args, knobs);
  const path = file === undefined ? undefined : resolve(folder, file);
  if (path !== undefined) await expectNewFile(path, replaces);
  const json = `${JSON.stringify(await lossVectors(), undefined, 1)}\n`;
  if (path === undefined) {
    out.write(json);
    return true;
  }
  await makeFolder(dirname(path));
  await writeWhole(path, json);
  out.write(`${path}\n`);
  return true;
}

export const vectors: Command = { usage, run };
