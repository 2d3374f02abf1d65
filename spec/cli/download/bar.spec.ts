import { describe, expect, it } from "vitest";
import { createDownloadBar, downloadLine } from "../../../src/cli/download/bar.ts";
import type { Output } from "../../../src/cli/terminal/command.ts";

describe("the bar", () => {
  it("shows how much of how much", () => {
    expect(downloadLine(50_000, 200_000)).toBe(
      `${"━".repeat(8)}${"─".repeat(22)}  25 %  50,000 of 200,000 bytes`,
    );
    expect(downloadLine(5, undefined)).toBe("5 bytes");
    expect(downloadLine(0, 0)).toBe("0 bytes");
  });

  it("is redrawn on a terminal within its width, and taken away; elsewhere it says nothing", () => {
    const written: string[] = [];
    const err = (isTTY: boolean): Output => ({
      ...{ isTTY, columns: 20, once: () => undefined },
      write: (text) => written.push(text) > 0,
    });
    const silent = createDownloadBar(err(false));
    silent.show(1, 2);
    silent.close();
    expect(written).toEqual([]);
    const bar = createDownloadBar(err(true));
    bar.show(1, 2);
    bar.show(1, 2);
    bar.close();
    const line = `${"━".repeat(15)}${"─".repeat(4)}`;
    expect(written).toEqual([`\r\x1b[2K${line}`, "\r\x1b[2K"]);
  });
});
