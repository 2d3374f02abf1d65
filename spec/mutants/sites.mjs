import { createHash } from "node:crypto";
import { parseAst } from "vite";

/**
 * A change of one place of a source: the text from `start` to `end` becomes `by`.
 * @typedef {{ start: number, end: number, by: string, kind: string, within: string[] }} Site
 * `within`: the functions, constants and rows of tables that hold it, the innermost first.
 */

const comparisons = { "<": "<=", "<=": "<", ">": ">=", ">=": ">" };
const equalities = { "===": "!==", "!==": "===", "==": "!=", "!=": "==" };
const arithmetic = { "+": "-", "-": "+", "*": "/", "/": "*", "%": "*", "**": "*" };
const bits = { "<<": ">>", ">>": "<<", ">>>": "<<", "&": "|", "|": "&" };
const binary = { ...comparisons, ...equalities, ...arithmetic, ...bits };
const assignments = { "+=": "-=", "-=": "+=", "*=": "/=", "/=": "*=" };
const logical = { "&&": "||", "||": "&&" };

/** An operator in a shader's text, between spaces. */
const SHADER_OPERATOR = /(?<= )(<=|>=|<|>|===?|!==?|\+|-|\*|\/|&&|\|\|)(?= )/g;

/** Functions and methods by their last name: one that is easily taken for the other. */
const twins = Object.fromEntries(
  [
    ["min", "max"],
    ["floor", "ceil"],
    ["some", "every"],
    ["exp", "expm1"],
    ["log", "log1p"],
    ["add", "sub"],
    ["mul", "div"],
    ["lt", "le"],
    ["gt", "ge"],
    ["sin", "cos"],
    ["startsWith", "endsWith"],
    ["indexOf", "lastIndexOf"],
    ["softmax", "logSoftmax"],
  ].flatMap(([a, b]) => [
    [a, b],
    [b, a],
  ]),
);

/** Calls that mean the same with their arguments the other way round. */
const COMMUTATIVE = /^(add|mul|min|max|maximum|imul|hypot|sameShape|and|or|xor|eq|ne)$/;

/** Arguments of which one is easily taken for the other; literals are of another kind mostly. */
const SWAPPABLE = /^(Identifier|(Member|Call|Binary|Unary)Expression)$/;

/** AssemblyScript's decorators stand where TypeScript has none: spaces in their place. */
const withoutDecorators = (text) =>
  text.replace(/^[ \t]*@\w+(\(.*\))?[ \t]*$/gm, (line) => " ".repeat(line.length));

const isText = (node) =>
  (node.type === "Literal" && typeof node.value === "string") || node.type === "TemplateLiteral";

/** Types compute nothing; of a cast only what is cast is looked at. */
const isTypeOnly = (node) =>
  (node.type.startsWith("TS") && !("expression" in node)) ||
  /^(Import|ExportAll)Declaration$/.test(node.type);

/** What a function, a constant or a row of a table is called. */
const nameOf = (node) =>
  /^(Property|VariableDeclarator|FunctionDeclaration)$/.test(node.type)
    ? (node.key ?? node.id)?.name
    : undefined;

/** Messages are no arithmetic. */
const isMessage = (node) =>
  node.type === "ThrowStatement" ||
  (node.type === "NewExpression" && /Error$/.test(node.callee.name ?? ""));

const childrenOf = (node) =>
  Object.entries(node)
    .filter(([name]) => !/^(typeAnnotation|typeArguments|typeParameters|returnType)$/.test(name))
    .flatMap(([, value]) => value)
    .filter((value) => typeof value?.type === "string");

/**
 * Every change that the operators make of a source, in the order of its text.
 * @param {string} source TypeScript or AssemblyScript
 * @param {{ isShader?: boolean }} [options] whether its strings are programs of a GPU
 * @returns {Site[]}
 */
export function sitesOf(source, { isShader = false } = {}) {
  const text = withoutDecorators(source);
  const sites = [];
  const textOf = (node) => source.slice(node.start, node.end);
  const within = [];
  const add = (kind, { start, end }, by) =>
    sites.push({ start, end, by, kind, within: [...within] });
  const sign = (kind, node, by) => {
    const start = text.indexOf(node.operator, node.left.end);
    add(kind, { start, end: start + node.operator.length }, by);
  };

  const visit = (node) => {
    if (isTypeOnly(node) || isMessage(node)) return;
    operators[node.type]?.(node);
    const name = nameOf(node);
    if (name !== undefined) within.unshift(name);
    for (const child of childrenOf(node)) visit(child);
    if (name !== undefined) within.shift();
  };

  const operators = {
    TemplateElement(node) {
      if (!isShader) return;
      for (const match of text.slice(node.start, node.end).matchAll(SHADER_OPERATOR)) {
        const start = node.start + match.index;
        add("shader", { start, end: start + match[1].length }, { ...binary, ...logical }[match[1]]);
      }
    },
    BinaryExpression(node) {
      const by = binary[node.operator];
      if (by === undefined || isText(node.left) || isText(node.right)) return;
      sign(node.operator in arithmetic ? "arithmetic" : "comparison", node, by);
    },
    LogicalExpression(node) {
      if (node.operator in logical) sign("logic", node, logical[node.operator]);
    },
    AssignmentExpression(node) {
      if (node.operator in assignments) sign("arithmetic", node, assignments[node.operator]);
    },
    Literal(node) {
      if (typeof node.value === "boolean") add("constant", node, `${!node.value}`);
      if (typeof node.value !== "number") return;
      const isFloat = /[.e]/i.test(node.raw) && !/^0x/i.test(node.raw);
      add("constant", node, isFloat ? `${node.value * 4}` : `${node.value + 1}`);
    },
    UnaryExpression(node) {
      if (node.operator === "!" || node.operator === "-") add("sign", node, textOf(node.argument));
    },
    ConditionalExpression({ consequent, alternate }) {
      const between = source.slice(consequent.end, alternate.start);
      const place = { start: consequent.start, end: alternate.end };
      add("branches", place, `${textOf(alternate)}${between}${textOf(consequent)}`);
    },
    IfStatement: ({ test }) => add("condition", test, "false"),
    ExpressionStatement(node) {
      const isWork = /^(Call|Assignment|Update)Expression$/.test(node.expression.type);
      if (isWork) add("removed", node, ";");
    },
    CallExpression({ callee, arguments: [first, second] }) {
      const name = callee.type === "MemberExpression" ? callee.property : callee;
      if (name.type === "Identifier" && Object.hasOwn(twins, name.name))
        add("twin", name, twins[name.name]);
      if (!first || !second || COMMUTATIVE.test(name.name)) return;
      if (![first, second].every(({ type }) => SWAPPABLE.test(type))) return;
      if (textOf(first) === textOf(second)) return;
      const between = source.slice(first.end, second.start);
      const place = { start: first.start, end: second.end };
      add("swapped", place, `${textOf(second)}${between}${textOf(first)}`);
    },
  };

  visit(parseAst(text, { lang: "ts" }));
  return sites.toSorted((a, b) => a.start - b.start || a.end - b.end);
}

const sha256 = (...parts) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex");
};

/** Where a place stands: its line from 1, and that line's first and last index. */
function lineOf(source, { start, end }) {
  const from = source.lastIndexOf("\n", start - 1) + 1;
  const to = source.indexOf("\n", end);
  return { line: source.slice(0, start).split("\n").length, from, to: to < 0 ? source.length : to };
}

/**
 * The mutants of a file. `id` holds what the change is and not where it stands, so that a sample
 * stays the same while other lines come and go; `nth` counts changes that read alike, from 1.
 */
export function mutantsOf(file, source, options) {
  const seen = new Map();
  return sitesOf(source, options).map(({ start, end, by, kind, within }) => {
    const { line, from, to } = lineOf(source, { start, end });
    const was = source.slice(from, to).trim();
    const becomes = `${source.slice(from, start)}${by}${source.slice(end, to)}`.trim();
    const change = sha256(file, was, becomes);
    const copies = (seen.get(change) ?? 0) + 1;
    seen.set(change, copies);
    return {
      ...{ file, line, kind, within, was, becomes, nth: copies, id: sha256(change, `${copies}`) },
      ...{ start, end, by },
      text: `${source.slice(0, start)}${by}${source.slice(end)}`,
    };
  });
}

export { sha256 };
