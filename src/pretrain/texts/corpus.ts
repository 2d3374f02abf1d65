import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { utf8 } from "../../json/utf8.ts";
import { DataError } from "../../tensor/errors.ts";
import { type FetchPackage, LARGEST, type ReadPackage, readPackage } from "./debian.ts";
import { textPackages } from "./packages.ts";
import { piecesOf } from "./pieces.ts";
import { type Markup, plainOf } from "./plain.ts";

/** Where text came from, as the model card has it. */
export interface TextSource {
  readonly name: string;
  readonly version?: string;
  readonly licence?: string;
  /** Of the package, or of the folder's files one behind the other. */
  readonly sha256: string;
  /** Characters of its clean pieces. */
  readonly characters: number;
}

/** Clean texts to learn from. */
export interface Corpus {
  readonly pieces: readonly string[];
  readonly sources: readonly TextSource[];
}

export interface PackagesOptions {
  /** Where .deb files are kept. */
  readonly folder: string;
  /** Whether those that are long to fetch are read too. */
  readonly large: boolean;
  readonly signal: AbortSignal;
  /** Fetches those that do not lie there; `fromApt` by default. */
  readonly fetchInto?: FetchPackage | undefined;
  /** Hears of each package that was read. */
  readonly onSource?: (source: TextSource) => void;
}

/** The texts of Debian's packages. @throws DataError as `readPackage` */
export async function packageTexts(options: PackagesOptions): Promise<Corpus> {
  const { folder, signal, fetchInto, onSource = () => {} } = options;
  const read: ReadPackage[] = [];
  for (const each of textPackages)
    if (options.large || !each.large) read.push(await readPackage(each, folder, signal, fetchInto));
  return corpusOf(read, onSource);
}

const markups: Readonly<Record<string, Markup>> = {
  ...{
    txt: "text",
    text: "text",
    md: "markdown",
    rst: "rst",
    html: "html",
    htm: "html",
    pod: "pod",
  },
};

/**
 * The texts of a folder and those below it: .txt, .md, .rst, .html and .pod, in UTF-8. They are called
 * by the folder's name, not by where it lies.
 * @throws DataError for a folder without any, and for a file that is not in UTF-8, naming it
 */
export async function folderTexts(folder: string): Promise<Corpus> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      throw new DataError(`${folder}: expected a folder of texts, got none (${error.code})`);
    },
  );
  const hash = createHash("sha256");
  const texts: string[] = [];
  const paths = entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
  for (const path of paths) {
    const markup = markupOf(path);
    if (markup === undefined) continue;
    // Where a link leads to.
    const { size, isFile } = await sizeOf(path);
    if (!isFile) continue;
    if (size > LARGEST)
      throw new DataError(`${path}: expected at most ${LARGEST} bytes of text, got ${size}`);
    const bytes = await readFile(path);
    hash.update(bytes);
    texts.push(plainOf(utf8(bytes, path), markup));
  }
  const name = basename(resolve(folder));
  const corpus = corpusOf([{ name, sha256: hash.digest("hex"), texts }], () => {});
  if (corpus.pieces.length === 0)
    throw new DataError(
      `${folder}: expected texts (.txt, .md, .rst, .html, .pod) of 200 characters or more, got none`,
    );
  return corpus;
}

function markupOf(path: string): Markup | undefined {
  const ending = /\.(\w+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
  return Object.hasOwn(markups, ending) ? markups[ending] : undefined;
}

async function sizeOf(path: string): Promise<{ readonly size: number; readonly isFile: boolean }> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new DataError(`${path}: expected a text, got none (${error.code})`);
  });
  return { size: found.size, isFile: found.isFile() };
}

type Read = Pick<ReadPackage, "name" | "sha256" | "texts"> & Partial<ReadPackage>;

/** What stands twice is left out of what comes later, so that the order counts. */
function corpusOf(read: readonly Read[], onSource: (source: TextSource) => void): Corpus {
  const seen = new Set<string>();
  const pieces: string[] = [];
  const sources = read.map(({ texts, ...about }): TextSource => {
    let characters = 0;
    for (const piece of piecesOf(texts, seen)) {
      pieces.push(piece);
      characters += piece.length;
    }
    const source = { ...about, characters };
    onSource(source);
    return source;
  });
  return { pieces, sources };
}
