import { escapeHtml } from "../../report/escape.ts";

/** A table's line of texts. @param color a dot before the first of them */
export const line = (cells: readonly string[], kind?: string, color?: string): string =>
  `<tr${kind ? ` class="${kind}"` : ""}>${cells
    .map((text, i) => `<td>${i === 0 && color ? dot(color) : ""}${escapeHtml(text)}</td>`)
    .join("")}</tr>`;

/** @param color a CSS colour of our own */
export const dot = (color: string): string => `<i style="background:${color}"></i>`;

export const legend = (
  items: readonly { readonly name: string; readonly color: string }[],
): string =>
  `<ul class="legend">${items.map(({ name, color }) => `<li>${dot(color)}${escapeHtml(name)}</li>`).join("")}</ul>`;

/** Small figures beside each other. */
export const figures = (
  items: readonly { readonly title: string; readonly svg: string }[],
): string =>
  `<div class="small">${items
    .map(
      ({ title, svg }) =>
        `<figure tabindex="0"><h3 class="title">${escapeHtml(title)}</h3>${svg}</figure>`,
    )
    .join("")}</div>`;

/** Something folded up. @param inside HTML */
export const folded = (summary: string, inside: string): string =>
  `<details><summary>${escapeHtml(summary)}</summary>\n${inside}</details>`;

/** Four digits, without zeros at the end; of what is no number a dash. */
export const digits = (x: number): string =>
  Number.isFinite(x) ? `${Number(x.toPrecision(4))}` : "–";
