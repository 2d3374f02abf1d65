import { optionOf } from "../terminal/knobs.ts";

/** A text as a shell's word. */
const quoted = (text: string): string =>
  /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

const WIDTH = 80;

/**
 * A command with options, which a shell runs as it stands: within 80 columns, as long as a word allows.
 * @param settings by their names in camel case; a flag is true, and what is undefined is left out
 */
export function commandLine(
  command: string,
  settings: Readonly<Record<string, string | number | true | undefined>>,
): string {
  const words = Object.entries(settings).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const option = `--${optionOf(name)}`;
    return [value === true ? option : `${option} ${quoted(`${value}`)}`];
  });
  const lines = [command];
  for (const word of words) {
    const line = lines.at(-1) ?? "";
    // Two columns for the backslash that goes on.
    if (line.length + 1 + word.length + 2 <= WIDTH) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(`  ${word}`);
  }
  return lines.join(" \\\n");
}
