import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { slugOf } from "../../docs/site/markdown.mjs";
import { commands } from "../../src/cli/commands.ts";
import { reflow } from "../../src/cli/terminal/reflow.ts";
import { allPages, root } from "./blocks.ts";

const pages = await allPages();

/** The source as one text, its strings as they are written. */
async function source(): Promise<string> {
  const files = (await readdir(join(root, "src"), { recursive: true })).filter((name) =>
    name.endsWith(".ts"),
  );
  const texts = await Promise.all(files.map((name) => readFile(join(root, "src", name), "utf8")));
  return texts.join("\n");
}

test("README is short", () => {
  const readme = pages.find(({ path }) => path === "README.md");
  expect(readme?.text.trimEnd().split("\n").length).toBeLessThanOrEqual(120);
});

test("every message that the FAQ quotes is still said", async () => {
  const faq = pages.find(({ path }) => path === "docs/faq.md");
  const quoted = [...(faq?.text ?? "").matchAll(/^\*\*`([^`]+)`\*\*/gm)].map(
    ([, text = ""]) => text,
  );
  expect(quoted.length).toBeGreaterThan(15);
  const all = await source();
  for (const message of quoted) expect(all, message).toContain(message);
});

test("links between pages lead somewhere, to a heading where they name one", () => {
  for (const { path, text } of pages)
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [file = "", heading] = target.split("#");
      const there = file === "" ? path : join(dirname(path), file);
      expect(existsSync(join(root, there)), `${path}: ${target}`).toBe(true);
      if (heading === undefined) continue;
      const { text: page = "" } = pages.find((one) => one.path === there) ?? {};
      const headings = [...page.matchAll(/^#+ (.*)$/gm)].map(([, said = ""]) => slugOf(said));
      expect(headings, `${path}: ${target}`).toContain(heading);
    }
});

test("commands of the documentation exist, with their options", async () => {
  const usages = new Map(
    await Promise.all(
      commands.map(async ({ name, load }) => [name, reflow((await load()).usage)] as const),
    ),
  );
  const lines = pages.flatMap(({ path, blocks }) =>
    blocks
      .filter(({ language }) => language === "sh")
      .flatMap(({ text }) => text.replaceAll("\\\n", " ").split("\n"))
      .flatMap((line) => line.split(/[|;]|&&/))
      .map((line) => ({ path, line: (line.split(" # ")[0] ?? "").trim() })),
  );
  for (const { path, line } of lines) {
    const [, name, rest = ""] = /^npx anchorgrad (\w+)(.*)$/.exec(line) ?? [];
    if (name === undefined) continue;
    const usage = usages.get(name);
    expect(usage, `${path}: ${line}`).toBeDefined();
    for (const [option] of rest.matchAll(/--[a-z-]+/g))
      expect(usage, `${path}: ${line}`).toContain(option);
  }
});

/** Options of programs that are none of ours: npm's scripts, benches, Node's tests, Redis, Slurm. */
const FOREIGN = /npm run|node bench|redis-server|#SBATCH|`--signal|^timeout|--fast/;

test("options that are told beside commands and in sentences exist", async () => {
  const usages = await Promise.all(commands.map(async ({ load }) => (await load()).usage));
  const known = `${usages.join("\n")} --help --version`;
  for (const { path, text } of pages)
    for (const line of text.split("\n").filter((one) => !FOREIGN.test(one)))
      for (const [option] of line.matchAll(/(?<![-\w|])--[a-z][a-z-]+/g))
        expect(known, `${path}: ${line}`).toContain(option);
});

test("scripts that the documentation names exist", async () => {
  const { scripts } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  for (const { path, text } of pages)
    for (const [, name = ""] of text.matchAll(/npm run ([\w:]+)/g))
      expect(Object.keys(scripts), `${path}: npm run ${name}`).toContain(name);
});

/** Pages with tables of what was measured. */
const MEASURED = [
  ...["README.md", "docs/results.md", "docs/benchmarks.md", "docs/fair.md", "docs/choosing.md"],
  ...["docs/theory.md", "docs/paper.md"],
];

test("every speed and result names its commit", () => {
  for (const name of MEASURED) {
    const page = pages.find(({ path }) => path === name);
    for (const table of page?.text.split("\n\n").filter((part) => part.startsWith("|")) ?? []) {
      const before = page?.text.slice(0, page.text.indexOf(table)) ?? "";
      expect(before, `${name}: a table before any commit is named`).toMatch(/commit\s[0-9a-f]{7}/);
    }
  }
});
