import { escapeHtml } from "./escape.ts";

/** A table that scrolls where it is too wide. @param head texts @param lines HTML of its rows */
export const table = (head: readonly string[], lines: readonly string[]): string =>
  `<div class="scroll" tabindex="0"><table><thead><tr>${head.map((title) => (title === "" ? "<td></td>" : `<th scope="col">${escapeHtml(title)}</th>`)).join("")}</tr></thead>
<tbody>
${lines.join("\n")}
</tbody></table></div>`;
