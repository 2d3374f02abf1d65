import type { Markup } from "./plain.ts";

/** Texts of a Debian package. */
export interface TextPackage {
  readonly name: string;
  /** As the package's copyright file has it. */
  readonly licence: string;
  /** Which of its files are texts, by their path without the first slash. */
  readonly files: RegExp;
  readonly markup: Markup;
  /** Left out where less text will do: it is long to fetch. */
  readonly large?: true;
}

const doc = "usr/share/doc";
const manual = /^usr\/share\/man\/man\d\/[^/]+\.gz$/;

/** English texts of Debian's main section, which is free; about 105 MB unpacked. */
export const textPackages: readonly TextPackage[] = [
  {
    name: "dict-gcide",
    licence: "GPL-2.0-or-later",
    files: /\/gcide\.dict\.dz$/,
    markup: "dictionary",
  },
  { name: "dict-foldoc", licence: "GFDL", files: /\/foldoc\.dict\.dz$/, markup: "dictionary" },
  {
    name: "dict-jargon",
    licence: "public domain",
    files: /\/jargon\.dict\.dz$/,
    markup: "dictionary",
  },
  { name: "anarchism", licence: "GPL-2.0", files: /\/sec[^/]+\.md(\.gz)?$/, markup: "markdown" },
  {
    name: "perl-doc",
    licence: "GPL-1.0-or-later or Artistic",
    files: /\/pod\/[^/]+\.pod$/,
    markup: "pod",
  },
  { name: "manpages", licence: "Linux-man-pages, GPL, BSD", files: manual, markup: "roff" },
  { name: "manpages-dev", licence: "Linux-man-pages, GPL, BSD", files: manual, markup: "roff" },
  {
    name: "debian-reference-en",
    licence: "GPL-2.0-or-later",
    files: /\/ch\d+\.en\.html$/,
    markup: "html",
  },
  {
    name: "debian-policy",
    licence: "GPL-2.0-or-later",
    files: new RegExp(`^${doc}/debian-policy/[^/]+\\.txt\\.gz$`),
    markup: "text",
  },
  {
    name: "developers-reference",
    licence: "GPL-2.0",
    files: /\/developers-reference\.txt\.gz$/,
    markup: "text",
  },
  {
    name: "fortunes-min",
    licence: "BSD-3-Clause and others",
    files: /\/games\/fortunes\/[a-z-]+$/,
    markup: "fortune",
  },
  {
    name: "fortunes",
    licence: "BSD-3-Clause and others",
    files: /\/games\/fortunes\/(?!ascii-art|art|drugs|ethnic|men-women|off)[a-z-]+$/,
    markup: "fortune",
  },
  {
    name: "linux-doc-6.1",
    licence: "GPL-2.0",
    files: /\/Documentation\/(?!translations\/).+\.rst\.gz$/,
    markup: "rst",
    large: true,
  },
];
