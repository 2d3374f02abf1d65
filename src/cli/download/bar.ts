import { count, percent } from "../../report/format.ts";
import { bar } from "../study/progress.ts";
import type { Output } from "../terminal/command.ts";

/** A redrawn line on a terminal; nothing elsewhere. */
export interface DownloadBar {
  readonly show: (done: number, total: number | undefined) => void;
  /** Takes the line away. */
  readonly close: () => void;
}

const WIDTH = 30;

/** `━━━━────  50 %  103,555 of 207,111 bytes` */
export function downloadLine(done: number, total: number | undefined): string {
  if (total === undefined || total === 0) return `${count(done)} bytes`;
  const part = percent(done / total, 0).padStart(3);
  return `${bar(done / total, WIDTH)} ${part} %  ${count(done)} of ${count(total)} bytes`;
}

export function createDownloadBar(err: Output): DownloadBar {
  if (err.isTTY !== true) return { show: () => {}, close: () => {} };
  let shown = "";
  return {
    show: (done, total) => {
      const line = downloadLine(done, total).slice(0, Math.max(0, (err.columns ?? 80) - 1));
      if (line === shown) return;
      shown = line;
      err.write(`\r\x1b[2K${line}`);
    },
    close: () => {
      if (shown !== "") err.write("\r\x1b[2K");
    },
  };
}
