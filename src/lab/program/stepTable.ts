import { at } from "../../tensor/shapes.ts";
import { html } from "../dom.ts";
import { details } from "./details.ts";
import { bytes, percent, shape, sum, time } from "./figures.ts";
import type { ListedStep, Listing } from "./listing.ts";

export type Order = "part" | "program" | "time" | "bytes";

export interface StepTable {
  readonly element: HTMLElement;
  /** Shows operations that say all of these words, in an order. */
  show(words: string, order: Order): void;
  /** Opens an operation and brings it into view. */
  open(step: number): void;
}

type Row = readonly [step: ListedStep, index: number];

/** The operations of a training step; each opens to show its kernel. */
export function createStepTable(listing: Listing): StepTable {
  const { steps } = listing;
  const timed = steps.some((step) => step.time !== undefined);
  const cost = (step: ListedStep): number => (timed ? (step.time ?? 0) : step.bytes);
  const all = sum(steps.map(cost));
  const columns = [
    "",
    "operation",
    "makes",
    "reads",
    "kernel",
    "bytes",
    timed ? "time" : "",
    "share",
  ];
  const table = html(
    "table",
    { class: "steps" },
    html(
      "thead",
      {},
      html(
        "tr",
        {},
        ...columns.map((name, i) =>
          name === ""
            ? html("td")
            : html("th", { scope: "col", class: i > 4 ? "number" : undefined }, name),
        ),
      ),
    ),
  );
  const count = html("p", { class: "muted", role: "status" });
  const opened = new Set<number>();
  // Many small operations, and every method has the same.
  const folded = new Set(["optimizer"]);
  const rows = new Map<number, HTMLElement>();
  const groupButtons = new Map<string, HTMLElement>();
  let shown = { words: "", order: "part" as Order };

  function rowsOf([step, index]: Row): HTMLElement[] {
    const open = opened.has(index);
    const row = html(
      "tr",
      { class: step.phase },
      html("td", { class: "number muted" }, `${index}`),
      html(
        "th",
        { scope: "row" },
        html(
          "button",
          {
            ...{ type: "button", class: "link", "aria-expanded": `${open}` },
            onclick: () => toggle(index),
          },
          step.op,
        ),
      ),
      html(
        "td",
        {},
        `${step.output.name} `,
        html("span", { class: "muted" }, shape(step.output.shape)),
      ),
      html("td", { class: "reads" }, ...step.inputs.flatMap((input) => [inputOf(input), " "])),
      html("td", {}, kernelsOf(step)),
      html("td", { class: "number" }, bytes(step.bytes)),
      html("td", { class: "number" }, step.time === undefined ? "" : time(step.time)),
      html("td", { class: "number" }, percent(cost(step) / all)),
    );
    rows.set(index, row);
    if (!open) return [row];
    const more = html("td", { colspan: columns.length }, details(listing, index, openStep));
    return [row, html("tr", { class: "more" }, more)];
  }

  function toggle(index: number): void {
    if (!opened.delete(index)) opened.add(index);
    draw();
    rows.get(index)?.querySelector("button")?.focus();
  }

  function openStep(index: number): void {
    opened.add(index);
    const step = at(steps, index);
    folded.delete(titleOf(step));
    if (!matches(step, index, shown.words)) shown = { ...shown, words: "" };
    draw();
    const row = rows.get(index);
    row?.scrollIntoView({ block: "center" });
    row?.querySelector("button")?.focus({ preventScroll: true });
  }

  function draw(): void {
    const found = steps
      .map((step, i): Row => [step, i])
      .filter(([step, i]) => matches(step, i, shown.words));
    count.textContent = `${found.length} of ${steps.length} operations, ${percent(
      sum(found.map(([step]) => cost(step))) / all,
    )} of the ${timed ? "time" : "bytes"}`;
    const groups =
      shown.order === "part" ? grouped(found) : [["", sorted(found, shown.order, cost)] as const];
    for (const body of table.querySelectorAll("tbody")) body.remove();
    table.append(
      ...groups.map(([title, group]) =>
        html(
          "tbody",
          {},
          ...(title === "" ? [] : [groupRow(title, group)]),
          ...(isFolded(title) ? [] : group.flatMap(rowsOf)),
        ),
      ),
    );
  }

  /** What is searched for is shown, wherever it is. */
  const isFolded = (title: string): boolean => folded.has(title) && shown.words === "";

  function groupRow(title: string, group: readonly Row[]): HTMLElement {
    const total = sum(group.map(([step]) => cost(step)));
    const row = html(
      "tr",
      { class: `group ${group[0]?.[0].phase ?? ""}` },
      html(
        "th",
        { colspan: columns.length - 2, scope: "rowgroup" },
        html(
          "button",
          {
            ...{ type: "button", class: "fold", "aria-expanded": `${!isFolded(title)}` },
            onclick: () => {
              if (!folded.delete(title)) folded.add(title);
              draw();
              groupButtons.get(title)?.focus();
            },
          },
          title,
          html("span", { class: "muted" }, ` ${group.length} operations`),
        ),
      ),
      html("td", { class: "number" }, timed ? time(total) : bytes(total)),
      html("td", { class: "number" }, percent(total / all)),
    );
    const button = row.querySelector("button");
    if (button) groupButtons.set(title, button);
    return row;
  }

  draw();
  return {
    element: html(
      "div",
      {},
      count,
      html(
        "div",
        { class: "scroll", tabindex: 0, role: "group", "aria-label": "Operations" },
        table,
      ),
    ),
    show(words, order) {
      shown = { words, order };
      draw();
    },
    open: openStep,
  };
}

const inputOf = ({ name, path }: ListedStep["inputs"][number]): Node | string =>
  path === undefined ? name : html("span", { title: path }, shortened(path));

/** The telling end of a path: q_proj.weight. */
const shortened = (path: string): string => path.split(".").slice(-2).join(".");

const kernelsOf = ({ kernels }: ListedStep): string => {
  const names = [...new Set(kernels)];
  return names
    .map((name) => {
      const times = kernels.filter((kernel) => kernel === name).length;
      return times > 1 ? `${name} × ${times}` : name;
    })
    .join(", ");
};

function matches(step: ListedStep, index: number, words: string): boolean {
  const paths = step.inputs.map(({ path, name }) => `${name} ${path ?? ""}`).join(" ");
  const text = `${index} ${step.op} ${step.phase} ${step.part} ${step.output.name} ${shape(
    step.output.shape,
  )} ${paths} ${step.kernels.join(" ")}`.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

const sorted = (rows: readonly Row[], order: Order, cost: (step: ListedStep) => number): Row[] => {
  if (order === "time") return rows.toSorted(([a], [b]) => cost(b) - cost(a));
  return order === "bytes" ? rows.toSorted(([a], [b]) => b.bytes - a.bytes) : [...rows];
};

const titleOf = ({ phase, part }: ListedStep): string =>
  part === "" ? phase : `${phase}, ${part}`;

/** By phase and part of the model, in the order in which they first appear. */
function grouped(rows: readonly Row[]): (readonly [title: string, rows: readonly Row[]])[] {
  const groups = new Map<string, Row[]>();
  for (const phase of ["forward", "backward", "optimizer"])
    for (const row of rows) {
      const [step] = row;
      if (step.phase !== phase) continue;
      const title = titleOf(step);
      groups.set(title, [...(groups.get(title) ?? []), row]);
    }
  return [...groups];
}
