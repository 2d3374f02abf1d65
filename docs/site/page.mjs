import { escapeHtml } from "./markdown.mjs";

/**
 * A page of the site.
 * @param {{ path: string, title: string, body: string, groups: readonly { title: string, links: readonly (readonly [string, string])[] }[] }} page
 */
export function pageHtml({ path, title, body, groups }) {
  const up = "../".repeat(path.split("/").length - 1);
  const link = ([to, name]) =>
    `<li><a href="${up}${to}"${to === path ? ' aria-current="page"' : ""}>${escapeHtml(name)}</a></li>`;
  const nav = groups
    .map(
      ({ title: name, links }) =>
        `<h2>${escapeHtml(name)}</h2><ul>${links.map(link).join("")}</ul>`,
    )
    .join("\n");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title === "anchorgrad" ? title : `${title} · anchorgrad`)}</title>
<link rel="icon" href="${up}lab/icon.svg">
<link rel="stylesheet" href="${up}site.css">
<script defer src="${up}search.js" data-up="${up}"></script>
</head>
<body>
<a class="skip" href="#main">To the text</a>
<header>
<a class="name" href="${up}index.html">anchorgrad</a>
<form role="search" class="search">
<label for="search">Search</label>
<input id="search" type="search" autocomplete="off" spellcheck="false" aria-controls="found">
<ul id="found" hidden></ul>
</form>
</header>
<div class="columns">
<nav aria-label="Pages"><details open><summary>Pages</summary>
${nav}
</details></nav>
<main id="main">
${body}
</main>
</div>
</body>
</html>
`;
}
