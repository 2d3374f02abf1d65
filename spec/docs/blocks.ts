import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root: string = fileURLToPath(new URL("../..", import.meta.url));

/** A block of code of a page. */
export interface Block {
  readonly language: string;
  /** What stands behind the language: `install` where a spec is not to run it. */
  readonly about: string;
  readonly text: string;
  /** Where it begins, from 1. */
  readonly line: number;
}

/** A page of the documentation, by its path in the repository. */
export interface Page {
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

function blocksOf(text: string): readonly Block[] {
  return [...text.matchAll(/^```(\w*)( [^\n]*)?\n([\s\S]*?)^```$/gm)].map(
    ({ 1: language = "", 2: about = "", 3: body = "", index }) => ({
      ...{ language, about: about.trim(), text: body },
      line: text.slice(0, index).split("\n").length + 1,
    }),
  );
}

/** README and all pages of `docs`. */
export async function allPages(): Promise<readonly Page[]> {
  const names = (await readdir(join(root, "docs"))).filter((name) => name.endsWith(".md"));
  const paths = ["README.md", ...names.sort().map((name) => `docs/${name}`)];
  return Promise.all(
    paths.map(async (path) => {
      const text = await readFile(join(root, path), "utf8");
      return { path, text, blocks: blocksOf(text) };
    }),
  );
}

/** A program of a page, and what the page says that it prints. */
export interface Program {
  /** `docs/autodiff.md:12`. */
  readonly name: string;
  readonly code: string;
  readonly printed: string;
}

/**
 * The programs of a page: a block that begins with an import begins one, those that follow go on with
 * it, and blocks of text are what it prints.
 */
export function programsOf({ path, blocks }: Page): readonly Program[] {
  const programs: Program[] = [];
  for (const { language, text, line } of blocks) {
    const last = programs.at(-1);
    if (language === "ts" && (text.startsWith("import ") || !last))
      programs.push({ name: `${path}:${line}`, code: text, printed: "" });
    else if (last && language === "ts")
      programs.splice(-1, 1, { ...last, code: `${last.code}\n${text}` });
    else if (last && language === "text")
      programs.splice(-1, 1, { ...last, printed: `${last.printed}${text}` });
  }
  return programs;
}
