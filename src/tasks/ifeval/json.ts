import { isJson } from "../../json/isJson.ts";
import { strip } from "./text.ts";

/** Strings, which are left alone even if they never end, and the numbers beyond JSON's. */
const BEYOND = /"(?:[^"\\]+|\\.)*(?:"|\\?$)|-?Infinity|NaN/gs;

/** Whether Python's `json.loads` reads the text: JSON, and NaN and ±Infinity as numbers. */
export const isPythonJson = (text: string): boolean =>
  isJson(text) ||
  (/NaN|Infinity/.test(text) &&
    isJson(text.replace(BEYOND, (part) => (part.startsWith('"') ? part : "null"))));

const FENCES = ["```json", "```Json", "```JSON", "```"];

/** Whether the whole response is JSON; one Markdown fence around it may stay. */
export function isJsonResponse(response: string): boolean {
  const opened = FENCES.reduce(
    (rest, fence) => (rest.startsWith(fence) ? rest.slice(fence.length) : rest),
    strip(response),
  );
  return isPythonJson(strip(opened.endsWith("```") ? opened.slice(0, -3) : opened));
}
