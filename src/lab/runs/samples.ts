import { listOf, name, record, recordOf, symbol } from "../../experiment/checks.ts";
import { readJson } from "../../experiment/json.ts";
import { utf8 } from "../../json/utf8.ts";
import { located } from "../../tensor/errors.ts";
import type { Sample } from "../worker/protocol.ts";

const symbols = listOf(symbol, 10_000);
const sample = record({ skill: symbol, prompt: symbols, expected: symbols, said: symbols });

/**
 * What the models of a run said, by the row's id, as a file holds it.
 * @throws DataError naming the file, the field, what was expected and what stands there
 */
export function samplesIn(
  bytes: Uint8Array,
  file: string,
): Readonly<Record<string, readonly Sample[]>> {
  const json = readJson(utf8(bytes, file), file);
  return located(file, () => {
    recordOf(listOf(sample, 1000))(json, "samples");
    for (const row of Object.keys(json as object)) name(row, "samples");
    return json as Readonly<Record<string, readonly Sample[]>>;
  });
}
