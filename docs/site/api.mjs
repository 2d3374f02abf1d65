import { basename, join } from "node:path";
import { exportsOf } from "./declarations.mjs";
import { escapeHtml, highlight, markdown } from "./markdown.mjs";

/** A page of the reference: an entry of the package, or a namespace of one. */
const TITLES = {
  function: "Functions",
  const: "Constants",
  class: "Classes",
  interface: "Types",
  type: "Types",
};

/**
 * The pages of the reference, from the entries in package.json.
 * @param {string} dist the folder that the package is built into
 * @returns {Promise<readonly { name: string, path: string, title: string, body: string, sections: readonly object[] }[]>}
 */
export async function apiPages({ exports }, dist) {
  const pages = [];
  for (const [entry, target] of Object.entries(exports)) {
    const types = typeof target === "object" && target !== null ? target.types : undefined;
    if (typeof types !== "string") continue;
    const name = entry === "." ? "anchorgrad" : `anchorgrad/${entry.slice(2)}`;
    const file = join(dist, types.replace(/^\.\/dist\//, ""));
    pages.push(...(await pagesOf(name, file, `from "${name}"`)));
  }
  return pages;
}

async function pagesOf(name, file, from) {
  const spaces = [];
  const groups = new Map();
  for (const [each, what] of [...(await exportsOf(file))].sort(([a], [b]) => a.localeCompare(b))) {
    if ("module" in what) {
      spaces.push({
        each,
        pages: await pagesOf(`${name}.${each}`, what.module, `import { ${each} } ${from}`),
      });
      continue;
    }
    const [first] = what.declarations;
    if (!first) throw new Error(`${file}: expected a declaration of ${each}, got none`);
    const title = TITLES[first.kind] ?? "Others";
    groups.set(title, [
      ...(groups.get(title) ?? []),
      { name: each, declarations: what.declarations },
    ]);
  }
  const path = pathOf(name);
  const importing = from.startsWith("import") ? from : `import { … } ${from}`;
  const inner = spaces.map(
    ({ each, pages: [page] }) =>
      `<li><a href="${basename(page.path)}"><code>${each}</code></a></li>`,
  );
  const order = ["Functions", "Constants", "Classes", "Types", "Others"];
  const body = [
    `<h1><code>${escapeHtml(name)}</code></h1>`,
    `<pre tabindex="0"><code>${highlight(importing, "ts")}</code></pre>`,
    inner.length > 0 ? `<h2 id="namespaces">Namespaces</h2><ul>${inner.join("")}</ul>` : "",
    ...order.flatMap((title) =>
      groups.has(title)
        ? [`<h2 id="${title.toLowerCase()}">${title}</h2>`, ...groups.get(title).map(entryHtml)]
        : [],
    ),
  ].join("\n");
  const sections = [...groups.values()].flat().map(({ name: each, declarations }) => ({
    ...{ page: path, id: each, title: name, heading: each },
    text: declarations
      .map(({ comment }) => comment)
      .join(" ")
      .replaceAll(/\s+/g, " ")
      .slice(0, 300),
  }));
  return [{ name, path, title: name, body, sections }, ...spaces.flatMap(({ pages }) => pages)];
}

const pathOf = (name) => `api/${name.replaceAll(/[/.]/g, "-")}.html`;

function entryHtml({ name, declarations }) {
  const parts = declarations.map(
    ({ code, comment }) =>
      `<pre tabindex="0"><code>${highlight(spread(code), "ts")}</code></pre>${commentHtml(comment)}`,
  );
  return `<section class="symbol"><h3 id="${name}"><code>${name}</code></h3>${parts.join("")}</section>`;
}

/** Signatures are written in one line; longer ones are shown with a line for each parameter. */
const WIDE = 88;

function spread(code) {
  if (code.length <= WIDE || code.includes("\n") || !code.startsWith("function ")) return code;
  const parts = [];
  let [depth, from, open, close] = [0, 0, -1, -1];
  for (let i = 0; i < code.length && close < 0; i++) {
    const c = code[i];
    if ("<({[".includes(c)) {
      if (c === "(" && depth === 0) [open, from] = [i, i + 1];
      depth++;
    } else if (")}]".includes(c) || (c === ">" && code[i - 1] !== "=")) {
      depth--;
      if (c === ")" && depth === 0 && open >= 0) close = i;
    } else if (c === "," && depth === 1 && open >= 0) {
      parts.push(code.slice(from, i).trim());
      from = i + 1;
    }
  }
  if (close < 0 || close === open + 1) return code;
  parts.push(code.slice(from, close).trim());
  return `${code.slice(0, open + 1)}\n${parts.map((part) => `  ${part},\n`).join("")}${code.slice(close)}`;
}

const LABELS = { returns: "Returns", throws: "Throws", see: "See", remarks: "Remarks" };

/** A doc comment: its text, then its tags in their order. */
function commentHtml(comment) {
  const [text = "", ...tags] = comment.split(/^@(?=\w)/m);
  const made = tags.map((tag) => {
    const [, name = "", rest = ""] = /^(\w+)\s*([\s\S]*)$/.exec(tag) ?? [];
    if (name === "example")
      return rest.includes("```")
        ? markdown(rest).html
        : `<pre tabindex="0"><code>${highlight(rest.trim(), "ts")}</code></pre>`;
    if (name === "param") {
      const [, param = "", about = ""] = /^(\S+)\s*([\s\S]*)$/.exec(rest) ?? [];
      return `<p class="tag"><code>${escapeHtml(param)}</code> ${inline(about)}</p>`;
    }
    return `<p class="tag"><b>${LABELS[name] ?? escapeHtml(name)}</b> ${inline(rest)}</p>`;
  });
  return `${text.trim() === "" ? "" : markdown(text).html}${made.join("")}`;
}

/** Text within a paragraph; addresses become links. */
const inline = (text) =>
  markdown(text.trim().replaceAll(/\{@link (\S+?)\}/g, "`$1`")).html.replace(
    /^<p>([\s\S]*)<\/p>\s*$/,
    "$1",
  );
