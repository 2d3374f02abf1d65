import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/**
 * What a module of the package exports, read from the declarations that the compiler writes: statements
 * that begin in the first column, each after its doc comment.
 *
 * @typedef {{ readonly kind: string, readonly name: string, readonly code: string, readonly comment: string }} Declaration
 * @typedef {{ readonly declarations: readonly Declaration[] } | { readonly module: string, readonly comment: string }} Exported
 */

/** @type {Map<string, Promise<{ own: Map<string, Declaration[]>, exported: readonly Statement[], comment: string }>>} */
const known = new Map();

/** @typedef {{ readonly comment: string, readonly code: string }} Statement */

/**
 * The statements of a file of declarations.
 * @param {string} text
 * @returns {readonly Statement[]}
 */
export function statementsOf(text) {
  const found = [];
  let [comment, code, inComment] = ["", "", false];
  for (const line of text.split("\n")) {
    if (code === "" && (inComment || line.startsWith("/**"))) {
      comment = inComment ? `${comment}\n${line}` : line;
      inComment = !line.includes("*/");
      continue;
    }
    if (code === "" && line.trim() === "") continue;
    code += code === "" ? line : `\n${line}`;
    if (!isWhole(code)) continue;
    found.push({ comment: textOf(comment), code });
    [comment, code] = ["", ""];
  }
  return found;
}

/** Whether brackets are closed and the statement is at its end. */
function isWhole(code) {
  const bare = code
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/g, '""');
  if (/\/\*(?!\*\/)[\s\S]*$/.test(bare)) return false;
  let depth = 0;
  for (const c of bare) depth += "{([".includes(c) ? 1 : "})]".includes(c) ? -1 : 0;
  return depth === 0 && /[;}]\s*$/.test(bare);
}

/** A comment without its stars. */
const textOf = (comment) =>
  comment
    .replace(/^\/\*\*/, "")
    .replace(/\*\/\s*$/, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, ""))
    .join("\n")
    .trim();

const DECLARED = /^export (?:declare )?(?:abstract )?(function|const|class|interface|type) (\w+)/;
const LOCAL = /^(?:declare )?(function|const|class|interface|type) (\w+)/;

function read(file) {
  const there = known.get(file);
  if (there) return there;
  const reading = readFile(file, "utf8").then((text) => {
    const own = new Map();
    const exported = [];
    const [first] = statementsOf(text);
    for (const { comment, code } of statementsOf(text)) {
      const [, kind = "", name = ""] = DECLARED.exec(code) ?? LOCAL.exec(code) ?? [];
      if (name !== "")
        own.set(name, [
          ...(own.get(name) ?? []),
          { kind, name, comment, code: code.replace(/^export (declare )?|^declare /, "") },
        ]);
      if (code.startsWith("export ")) exported.push({ comment, code });
    }
    return {
      own,
      exported,
      comment: first?.code.startsWith("import") || !first ? "" : first.comment,
    };
  });
  known.set(file, reading);
  return reading;
}

/**
 * The exports of a module, by name.
 * @param {string} file a file of declarations, `….d.ts`
 * @returns {Promise<ReadonlyMap<string, Exported>>}
 */
export async function exportsOf(file) {
  const { own, exported } = await read(file);
  const found = new Map();
  for (const { comment, code } of exported) {
    const [, , name] = DECLARED.exec(code) ?? [];
    const from = /from "([^"]+)";$/.exec(code)?.[1];
    const target = from && resolve(dirname(file), from.replace(/\.[jt]s$/, ".d.ts"));
    const space = /^export \* as (\w+) from/.exec(code)?.[1];
    if (name) found.set(name, { declarations: own.get(name) ?? [] });
    else if (space && target) found.set(space, { module: target, comment });
    else if (code.startsWith("export *") && target)
      for (const [each, what] of await exportsOf(target)) found.set(each, what);
    else {
      const names = /\{([\s\S]*)\}/.exec(code)?.[1] ?? "";
      const there = target ? await exportsOf(target) : undefined;
      for (const item of names
        .split(",")
        .map((each) => each.trim().replace(/^type /, ""))
        .filter(Boolean)) {
        const [inner = item, outer = inner] = item.split(/ as /);
        const what = there ? there.get(inner) : { declarations: own.get(inner) ?? [] };
        if (what) found.set(outer, what);
      }
    }
  }
  return found;
}

/** What stands above a module's first statement. */
export const commentOf = async (file) => (await read(file)).comment;
