import { createHash } from "node:crypto";
import { rename } from "node:fs/promises";
import { join, resolve } from "node:path";
import { count } from "../../report/format.ts";
import { DataError } from "../../tensor/errors.ts";
import { isThere } from "../../weights/files.ts";
import { differenceOf, FetchError, fetchFile } from "../../weights/hub/fetchFile.ts";
import type { Command, Terminal } from "../terminal/command.ts";
import { readBytes } from "../terminal/files.ts";
import {
  describeKnobs,
  type Knob,
  type Knobs,
  only,
  readKnobs,
  text,
  type Values,
} from "../terminal/knobs.ts";
import { expectBelowAFolder } from "../terminal/place.ts";
import { UsageError } from "../terminal/usage.ts";
import { createDownloadBar } from "./bar.ts";
import { type Published, publicationOf, publishedNames } from "./sources.ts";

const digest: Knob<string> = {
  value: "<hex>",
  about: "the SHA-256 that the file has to have",
  expected: "64 hexadecimal digits",
  read: (given) => (/^[\da-f]{64}$/i.test(given) ? given.toLowerCase() : undefined),
};

/** What may be asked for beside the choice of the file. */
export interface Place {
  readonly out?: string;
  readonly url?: string;
  readonly sha256?: string;
}

const knobs = {
  out: text("<file>", "where to; default: .cache/data/ and the file's name"),
  url: text("<address>", "from another place than the official one"),
  sha256: digest,
};

const describe = (name: string): string => {
  const own = publicationOf(name).knobs;
  return Object.keys(own).length === 0 ? "" : `\nOptions of ${name}\n${describeKnobs(own)}`;
};

const usage = `anchorgrad download <benchmark> [options]: fetches a benchmark's published file

  npx anchorgrad download ifeval
  npx anchorgrad download medcalc --release v1.0 --part test

Benchmarks: ${publishedNames.join(", ")}. The files are their authors' and have their own licences.
A download that broke off goes on where it stopped.

Options
${describeKnobs(knobs)}${publishedNames.map(describe).join("")}`;

/** No published file of a benchmark comes near. */
const MOST = 2 ** 30;

/** Fetches a published file unless it is there. @returns its path; undefined when interrupted */
export async function fetchPublished(
  name: string,
  values: Values<Knobs>,
  { err, folder, fetch, signal }: Terminal,
  { out, url, sha256 }: Place = {},
): Promise<string | undefined> {
  const { choose, describe: contents } = publicationOf(name);
  const official = choose(values);
  const path = resolve(folder, out ?? join(".cache", "data", official.name));
  await expectBelowAFolder(path);
  const wanted = { ...expectedOf(official, url, sha256), url: url ?? official.url, most: MOST };
  if (await isThere(path)) {
    const difference = await differenceOf(wanted, path);
    if (difference !== undefined)
      throw new DataError(`${path}: ${difference}; move it away to fetch it again`);
    const there = await contents(await readBytes(path), path, signal).catch(unless(signal));
    if (there === undefined) return undefined;
    err.write(`${path}: there already; ${there}\n`);
    return path;
  }
  err.write(`${wanted.url}\n`);
  const bar = createDownloadBar(err);
  try {
    const options = { fetch, signal, onProgress: bar.show };
    if (!(await fetchFile(wanted, path, options))) return undefined;
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
    throw new DataError(`${error.message}\n${byHand(official, path)}`);
  } finally {
    bar.close();
  }
  const bytes = await readBytes(path);
  const held = await contents(bytes, path, signal).catch(async (error: unknown) => {
    if (signal.aborted) return undefined;
    // A page of a portal, say, is not to be taken for the file the next time.
    await rename(path, `${path}.refused`);
    throw error instanceof DataError
      ? new DataError(`${error.message}; it is kept as ${path}.refused`)
      : error;
  });
  if (held === undefined) return undefined;
  err.write(
    `${path}: ${count(bytes.length)} bytes (checked: ${checkedOf(wanted)}); ${official.licence}\n`,
  );
  err.write(`${path}: ${held}\n`);
  if (wanted.sha256 === undefined)
    err.write(
      `${path}: no hash of it is known here; to ask for the same bytes again: --sha256 ${hashOf(bytes)}\n`,
    );
  return path;
}

const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Passes on what went wrong, unless it is the user who stopped it. */
const unless =
  (signal: AbortSignal) =>
  (error: unknown): undefined => {
    if (!signal.aborted) throw error;
  };

/** What of a file was compared with what is known; a hash is one of the size too. */
function checkedOf({ size, sha256 }: Pick<Published, "size" | "sha256">): string {
  if (sha256 !== undefined) return "size and hash";
  return size === undefined ? "that its rows can be read" : "size";
}

/** A hash that was asked for counts alone: it may be of another version. */
const expectedOf = (
  { size, sha256 }: Published,
  url: string | undefined,
  asked: string | undefined,
): Pick<Published, "size" | "sha256"> => {
  if (asked !== undefined) return { sha256: asked };
  return url === undefined
    ? { ...(size !== undefined && { size }), ...(sha256 !== undefined && { sha256 }) }
    : {};
};

const byHand = ({ page, url, sha256 }: Published, path: string): string =>
  [
    "By hand, on a machine with a connection:",
    `  open ${page}`,
    `  or fetch ${url}`,
    `  and put the file at ${path}`,
    ...(sha256 === undefined ? [] : [`  its SHA-256 should be ${sha256}`]),
  ].join("\n");

export const download: Command = {
  usage,
  async run([name = "", ...args], terminal) {
    if (name === "" || name.startsWith("-"))
      throw new UsageError(`download: expected one of ${publishedNames.join(", ")}; see --help`);
    const own = publicationOf(name).knobs;
    const values = readKnobs(args, { ...own, ...knobs });
    const path = await fetchPublished(name, only(values, own), terminal, only(values, knobs));
    if (path !== undefined) terminal.out.write(`${path}\n`);
    return path !== undefined;
  },
};
