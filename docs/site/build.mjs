/** Builds the documentation as a static site: `npm run docs`, into `site/`. */
import { existsSync } from "node:fs";
import { copyFile, cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { apiPages } from "./api.mjs";
import { highlight, markdown, textOf } from "./markdown.mjs";
import { pageHtml } from "./page.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The pages in the order in which one reads them; others of `docs` follow. */
const ORDER = [
  "tutorial",
  "autodiff",
  "models",
  "bases",
  "engines",
  "choosing",
  "methods",
  "fair",
  "paper",
  "study",
  "results",
  "theory",
  "benchmarks",
  "sweeps",
  "vectors",
  "lab",
  "faq",
];
/** What else of the repository is a page of the site. */
const OTHERS = {
  "README.md": "readme.html",
  "docs/README.md": "index.html",
  "CONTRIBUTING.md": "contributing.html",
  "CHANGELOG.md": "changes.html",
  "spec/theory/README.md": "proofs.html",
};
const EXAMPLES = "examples.html";

/**
 * @param {{ out: string, dist: string, lab: string }} options where to; the built package; the built lab
 * @returns {Promise<readonly string[]>} the pages' paths
 */
export async function buildSite({ out, dist, lab }) {
  if (!existsSync(lab)) throw new Error(`${lab}: expected the built lab, got none`);
  const names = (await readdir(join(root, "docs"))).filter((name) => /^[a-z]\w*\.md$/.test(name));
  const place = (name) =>
    (ORDER.indexOf(name.slice(0, -3)) + ORDER.length + 1) % (ORDER.length + 1);
  names.sort((a, b) => place(a) - place(b) || a.localeCompare(b));
  const files = {
    ...Object.fromEntries(names.map((name) => [`docs/${name}`, name.replace(/md$/, "html")])),
    ...OTHERS,
  };
  const texts = await Promise.all(
    Object.entries(files).map(async ([file, path]) => {
      const { html, sections } = markdown(
        await readFile(join(root, file), "utf8"),
        linksOf(file, files),
      );
      const title = textOf(/<h1[^>]*>([\s\S]*?)<\/h1>/.exec(html)?.[1] ?? path);
      return {
        path,
        title,
        body: html,
        sections: sections.map((section) => ({ page: path, title, ...section })),
      };
    }),
  );
  const api = await apiPages(JSON.parse(await readFile(join(root, "package.json"), "utf8")), dist);
  const all = [...texts, await examplesPage(), ...api];
  const titleOf = new Map(texts.map(({ path, title }) => [path, title]));
  const groups = [
    {
      title: "Documentation",
      links: names
        .map((name) => name.replace(/md$/, "html"))
        .map((path) => [path, titleOf.get(path) ?? path]),
    },
    {
      title: "More",
      links: [
        [EXAMPLES, "Examples"],
        ["lab/index.html", "The lab, live"],
        ["proofs.html", "Proofs"],
        ["contributing.html", "Contributing"],
        ["changes.html", "Changes"],
      ],
    },
    { title: "Reference", links: api.map(({ path, name }) => [path, name]) },
  ];
  await rm(out, { recursive: true, force: true });
  for (const { path, title, body } of all) {
    await mkdir(dirname(join(out, path)), { recursive: true });
    await writeFile(join(out, path), pageHtml({ path, title, body, groups }));
  }
  const index = all.flatMap(({ sections }) => sections);
  await writeFile(
    join(out, "search-index.js"),
    `globalThis.searchIndex = ${JSON.stringify(index)};\n`,
  );
  for (const name of ["site.css", "search.js"])
    await copyFile(join(root, "docs/site", name), join(out, name));
  for (const name of await readdir(join(root, "docs")))
    if (name.endsWith(".png")) await copyFile(join(root, "docs", name), join(out, name));
  await cp(lab, join(out, "lab"), { recursive: true });
  return all.map(({ path }) => path);
}

/** Where links of a file of the repository lead on the site; undefined for what is not there.
 * @throws Error for one that leads nowhere */
const linksOf = (file, files) => (href) => {
  if (/^(https?:|#)/.test(href)) return href;
  const [path = "", hash] = href.split("#");
  const target = posix.normalize(posix.join(posix.dirname(file), path)).replace(/\/$/, "");
  const behind = hash === undefined ? "" : `#${hash}`;
  if (Object.hasOwn(files, target)) return `${files[target]}${behind}`;
  if (target === "examples") return EXAMPLES;
  const example = /^examples\/([\w-]+)/.exec(target)?.[1];
  if (example) return `${EXAMPLES}#${example}`;
  if (target.startsWith("docs/") && target.endsWith(".png")) return target.slice(5);
  // Sources are not on the site; whoever reads there sees the path.
  if (existsSync(join(root, target))) return undefined;
  throw new Error(`${file}: expected a link to something that is there, got ${href}`);
};

/** All examples, each with what its first comment says. */
async function examplesPage() {
  const names = (await readdir(join(root, "examples")))
    .filter((name) => /\.(ts|html)$/.test(name))
    .sort();
  const each = await Promise.all(
    names.map(async (name) => {
      const code = await readFile(join(root, "examples", name), "utf8");
      const language = name.endsWith("ts") ? "ts" : "html";
      return { id: name.replace(/\.\w+$/, ""), name, code, html: highlight(code.trim(), language) };
    }),
  );
  const body = `<h1>Examples</h1>
<p>Short programs, each whole; a spec type-checks and runs them.</p>
${each.map(({ id, name, html }) => `<h2 id="${id}"><code>${name}</code></h2><pre tabindex="0"><code>${html}</code></pre>`).join("\n")}`;
  const sections = each.map(({ id, name, code }) => ({
    ...{ page: EXAMPLES, id, title: "Examples", heading: name },
    text: code.replaceAll(/\s+/g, " ").slice(0, 1500),
  }));
  return { path: EXAMPLES, title: "Examples", body, sections };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const out = join(root, "site");
  const pages = await buildSite({ out, dist: join(root, "dist"), lab: join(root, "dist/lab") });
  console.log(`${pages.length} pages in ${out}`);
}
