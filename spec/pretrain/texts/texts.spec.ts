import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { folderTexts } from "../../../src/pretrain/texts/corpus.ts";
import { readPackage } from "../../../src/pretrain/texts/debian.ts";
import { textPackages } from "../../../src/pretrain/texts/packages.ts";
import { piecesOf } from "../../../src/pretrain/texts/pieces.ts";
import { type Markup, plainOf } from "../../../src/pretrain/texts/plain.ts";

const folder = mkdtempSync(join(tmpdir(), "texts-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const { signal } = new AbortController();

describe("plainOf(source, markup)", () => {
  it.each<[Markup, string, string]>([
    [
      "dictionary",
      "Ant \\Ant\\, n.\n   An {insect}.\n   [1913 Webster]\n",
      "Ant \\Ant\\, n.\nAn insect.\n\n",
    ],
    ["fortune", "One.\n%\nTwo.", "One.\n\nTwo."],
    [
      "html",
      "<head><title>no</title></head><p>A &lt;b&gt; <em>c</em>&#233;&#x21;</p><table><tr><td>1</td></tr></table>",
      "\n\nA <b> cé!\n\n",
    ],
    ["markdown", "# A *b*", "# A *b*"],
    [
      "pod",
      "=head1 A B<b>\n\nL<perlop/x> C<< a < b >> E<gt> B<I<c>>\n\n=over 4\n\n=cut",
      "A b\n\nperlop/x a < b > c\n\n\n\n",
    ],
    [
      "roff",
      '.\\" no\n.TH X 2\n.SH NAME\nx \\- \\fIone\\fP\\(aqs\n.PP\n.BR read (2)\n.B a "b c"\n.in +4n\n\\&.dot',
      "\nNAME\n\nx - one's\n\nread(2)\na b c\n.dot",
    ],
    ["rst", ".. SPDX-License-Identifier: X\n\nA", "\nA"],
    ["text", "as it is", "as it is"],
  ])("%s", (markup, source, plain) => {
    expect(plainOf(source, markup)).toBe(plain);
  });
});

/** The rules of HTML as they are said, in time that grows as the square of a text. */
const said = (source: string): string =>
  source
    .replace(/<!--.*?-->|<(script|style|head|nav|table)\b.*?<\/\1>/gis, "")
    .replace(/<\/?(p|div|h\d|li|pre|ul|ol|section|dt|dd|blockquote)\b[^>]*>|<br[^>]*>/gi, "\n\n")
    .replace(/<[^>]*>/g, "")
    .replace(/&(lt|amp);/g, (_, name) => (name === "lt" ? "<" : "&"))
    .replace(/^[ \t]+|[ \t]+$/gm, "");

const marks = [
  ...[
    "<!--",
    "-->",
    "<script",
    "<TABLE>",
    "</script>",
    "</Table>",
    "<p>",
    "</div x",
    "<br",
    "<",
    ">",
  ],
  ...["<i>", "</", "!--", " ", "\t", "\n", "\u2028", "a", "&lt;", "&amp;", "&", "-"],
];

describe("text of strangers", () => {
  it("HTML is what its rules say, however broken it is", () => {
    const source = fc.array(fc.constantFrom(...marks), { maxLength: 30 });
    fc.assert(
      fc.property(source, (parts) => {
        expect(plainOf(parts.join(""), "html")).toBe(said(parts.join("")));
      }),
      { numRuns: 2000 },
    );
  });

  it.each<[Markup, string, string]>([
    ["html", "&constructor; &__proto__; &toString;", "&constructor; &__proto__; &toString;"],
    ["html", "a&#xd800;b&#56320;c&#0;&#x110000;", "abc"],
    ["html", "&#x1f600;&#945;", "😀α"],
    ["pod", "E<constructor> E<__proto__> E<gt>", "constructor __proto__ >"],
    ["roff", "a\\[constructor]b\\[__proto__]c\\[em]", "abc—"],
  ])("%s has the names of its marks, not those of objects: %s", (markup, text, plain) => {
    expect(plainOf(text, markup)).toBe(plain);
  });

  it.each<[Markup, readonly string[]]>([
    ["html", ["<!--", "<script ", "<", "<br", "<p", " ", "&#", "&", "<table>", "-->", "</p"]],
    ["pod", ["B<", "B<< ", "L<a|", "E<", "<", ">", "B<<<", "X<"]],
  ])("%s of one mark alone ends soon, which may take hours", (markup, all) => {
    for (const mark of all) {
      const text = `${mark.repeat(2e5 / mark.length)}x`;
      expect(plainOf(text, markup).length).toBeLessThanOrEqual(text.length);
    }
  });
});

const sentence = (i: number) => `Sentence number ${i} says something that no other sentence says.`;
const lines = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => sentence(from + i)).join("\n");

describe("piecesOf(texts)", () => {
  it("cuts at empty lines, keeps all that is prose, and nothing twice", () => {
    const paragraphs = Array.from({ length: 40 }, (_, i) => lines(i * 5, 5));
    const text = paragraphs.join("\n\n\n");
    const pieces = [...piecesOf([text, text, "short"])];
    expect(pieces.length).toBeGreaterThan(2);
    expect(pieces.join("\n\n")).toBe(paragraphs.join("\n\n"));
    for (const piece of pieces) expect(piece.length).toBeLessThan(4000 + 400);
  });

  it("cuts what has no empty line, and leaves drawings and control characters out", () => {
    const drawing = "+-----------------------+-----------------------+";
    const pieces = [...piecesOf([`${lines(0, 400)}\n${drawing}\u0007`])];
    expect(pieces.join("\n")).toBe(lines(0, 400));
    for (const piece of pieces) expect(piece.length).toBeLessThan(8000 + 100);
  });

  it("has nothing left to clean", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "grapheme", minLength: 150, maxLength: 400 })),
        (all) => {
          const once = [...piecesOf(all)];
          expect([...piecesOf(once)].join("\n")).toBe(
            once.filter((x) => x.length >= 200).join("\n"),
          );
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe("folderTexts(folder)", () => {
  it("reads texts below it in the order of their paths, and nothing else", async () => {
    const mine = join(folder, "mine");
    mkdirSync(join(mine, "b"), { recursive: true });
    writeFileSync(join(mine, "b", "x.html"), `<p>${lines(10, 8)}</p>`);
    writeFileSync(join(mine, "a.txt"), lines(0, 8));
    writeFileSync(join(mine, "c.bin"), lines(90, 8));
    const { pieces, sources } = await folderTexts(mine);
    expect(pieces).toEqual([lines(0, 8), lines(10, 8)]);
    expect(sources).toMatchObject([
      { name: "mine", characters: lines(0, 8).length + lines(10, 8).length },
    ]);
  });

  it("follows links to files, and refuses what is not in UTF-8 rather than lose letters", async () => {
    const linked = join(folder, "linked");
    mkdirSync(linked);
    symlinkSync(join(folder, "mine", "a.txt"), join(linked, "a.txt"));
    symlinkSync(linked, join(linked, "itself.txt"));
    expect((await folderTexts(linked)).pieces).toEqual([lines(0, 8)]);
    writeFileSync(join(linked, "b.txt"), Buffer.from(`${lines(0, 8)} caf\xe9`, "latin1"));
    await expect(folderTexts(linked)).rejects.toThrow("b.txt: expected UTF-8, got other");
    rmSync(join(linked, "b.txt"));
    symlinkSync(join(folder, "gone"), join(linked, "c.md"));
    await expect(folderTexts(linked)).rejects.toThrow("c.md: expected a text, got none (ENOENT)");
  });

  it("says what it expects", async () => {
    await expect(folderTexts(join(folder, "none"))).rejects.toThrow("expected a folder of texts");
    mkdirSync(join(folder, "empty"));
    await expect(folderTexts(join(folder, "empty"))).rejects.toThrow("expected texts (.txt, .md,");
  });
});

const hasDpkg = (() => {
  try {
    execFileSync("dpkg-deb", ["--version"]);
    return true;
  } catch {
    return false;
  }
})();

describe("readPackage(package, folder)", () => {
  const river = {
    ...{ name: "river", licence: "MIT", files: /^usr\/share\/doc\/river\/.*\.gz$/ },
    markup: "markdown" as const,
  };

  it.runIf(hasDpkg)("reads the texts of a .deb file that lies there", async () => {
    const tree = join(folder, "tree");
    mkdirSync(join(tree, "DEBIAN"), { recursive: true });
    mkdirSync(join(tree, "usr/share/doc/river"), { recursive: true });
    const about =
      "Package: river\nVersion: 1:2.3\nArchitecture: all\nMaintainer: a <a@b.c>\nDescription: x\n";
    writeFileSync(join(tree, "DEBIAN/control"), about);
    writeFileSync(join(tree, "usr/share/doc/river/b.md.gz"), gzipSync("second"));
    writeFileSync(join(tree, "usr/share/doc/river/a.md.gz"), gzipSync("first"));
    writeFileSync(join(tree, "usr/share/doc/river/copyright"), "MIT");
    const debs = join(folder, "debs");
    mkdirSync(debs);
    execFileSync("dpkg-deb", ["--build", "-Znone", tree, join(debs, "river_2.3_all.deb")]);
    const read = await readPackage(river, debs, signal);
    expect(read).toMatchObject({ name: "river", version: "1:2.3", texts: ["first", "second"] });
    expect(read.sha256).toMatch(/^[\da-f]{64}$/);
    await expect(readPackage({ ...river, files: /nowhere/ }, debs, signal)).rejects.toThrow(
      "river_2.3_all.deb: expected texts at nowhere, got no such files",
    );
    writeFileSync(join(debs, "river_2.4_all.deb"), "broken");
    await expect(readPackage(river, debs, signal)).rejects.toThrow("that dpkg-deb can unpack");
  });

  it("says what to do where nothing can be fetched", async () => {
    const path = process.env["PATH"];
    process.env["PATH"] = folder;
    try {
      await expect(readPackage(river, join(folder, "none-there"), signal)).rejects.toThrow(
        /the Debian package river, which apt-get download could not fetch: there is no such program here;.*\.deb files into that folder yourself.*--text/,
      );
    } finally {
      process.env["PATH"] = path;
    }
  });

  it("has a licence for each package, and each once", () => {
    const names = textPackages.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { licence } of textPackages) expect(licence).not.toBe("");
  });
});
