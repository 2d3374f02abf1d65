import { readJson } from "../../json/readJson.ts";
import { located } from "../../tensor/errors.ts";
import { readLine } from "../report/lines.ts";
import type { Line } from "../train/events.ts";

/**
 * The lines that a run has written of itself, each with what reports are made of; others, of another
 * version, stay as they are.
 * @param path of their file, for messages
 * @throws DataError naming file, line and field
 */
export const linesIn = (text: string, path: string): readonly Line[] =>
  text.split("\n").flatMap((line, i) => (line === "" ? [] : [lineIn(line, `${path}:${i + 1}`)]));

function lineIn(text: string, place: string): Line {
  const value = readJson(text, place);
  located(place, () => readLine(value));
  return value as Line;
}
