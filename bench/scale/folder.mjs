// node bench/scale/folder.mjs MODEL FOLDER [BF16|F16|F32]: a folder as the Hub has it, with random
// weights; nothing is held but a part of a tensor.
import { mkdir, writeFile } from "node:fs/promises";
import { configOf, nn, saveWeights } from "../../dist/src/index.js";
import { models } from "./models.mjs";

/** Numbers of a part. */
const PART = 1 << 20;

/** About N(0, 0.02²): the sum of four uniform bytes. */
function* parts(count, state, isGain) {
  const numbers = new Float32Array(Math.min(PART, count));
  for (let from = 0; from < count; from += numbers.length) {
    const length = Math.min(numbers.length, count - from);
    for (let i = 0; i < length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      const sum = (state & 255) + ((state >>> 8) & 255) + ((state >>> 16) & 255) + (state >>> 24);
      numbers[i] = isGain ? 1 : ((sum - 510) / 147) * 0.02;
    }
    yield numbers.subarray(0, length);
  }
}

export async function makeFolder(name, folder, type = "BF16") {
  const json = models[name];
  if (!json) throw new RangeError(`expected one of ${Object.keys(models).join(", ")}, got ${name}`);
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/config.json`, JSON.stringify(json));
  const sources = nn.storedTensors(configOf(json, "config.json")).map(({ name, shape }, i) => ({
    ...{ name, shape, type },
    read: () => ({
      ...{ shape, dtype: "float" },
      parts: () =>
        parts(
          shape.reduce((a, b) => a * b, 1),
          i + 1,
          /norm\.weight$/.test(name),
        ),
    }),
  }));
  await saveWeights(folder, sources);
}

const [, script, name, folder, type] = process.argv;
if (script === import.meta.filename) await makeFolder(name, folder, type);
