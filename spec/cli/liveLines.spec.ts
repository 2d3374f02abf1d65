import { expect, test } from "vitest";
import { liveLines } from "../../src/cli/terminal/live.ts";

const ESC = "\u001b";

/** What a terminal shows of what is written to it: whole lines, and those that are taken away. */
function screen() {
  const written: string[] = [];
  const out = {
    write: (text: string) => {
      written.push(text);
      return true;
    },
    once: () => undefined,
    isTTY: true,
  };
  const shown = (): string[] => {
    const lines: string[] = [];
    const parts = written.join("").matchAll(new RegExp(`${ESC}\\[(\\d+)F${ESC}\\[0J|(.*)\\n`, "g"));
    for (const [, up, line = ""] of parts)
      if (up === undefined) lines.push(line);
      else lines.splice(-Number(up));
    return lines;
  };
  return { out, shown };
}

test("lines that stay stand above those that are drawn anew", () => {
  const { out, shown } = screen();
  const lines = liveLines(out, { NO_COLOR: "1" });
  lines.redraw(["a", "b"]);
  lines.redraw(["c", "d", "e"]);
  expect(shown()).toEqual(["c", "d", "e"]);
  lines.say("stays");
  expect(shown()).toEqual(["stays"]);
  lines.redraw(["f"]);
  expect(shown()).toEqual(["stays", "f"]);
  lines.erase();
  lines.erase();
  expect(shown()).toEqual(["stays"]);
});

test("all but the first are dim, unless that is not wanted", () => {
  const { out, shown } = screen();
  liveLines(out, { NO_COLOR: "" }).redraw(["a", "b"]);
  expect(shown()).toEqual(["a", `${ESC}[2mb${ESC}[22m`]);
});
