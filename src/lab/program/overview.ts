import { html, svg } from "../dom.ts";
import { bytes, percent, sum, time } from "./figures.ts";
import type { ListedStep, Listing } from "./listing.ts";

/** The step in a few numbers. */
export function overview(listing: Listing): HTMLElement {
  const { figures, arenaBytes, stepTime, placed } = listing;
  const cards: [string, string][] = [
    ["a step", time(stepTime)],
    ["operations", `${figures.ops}`],
    ["launches of kernels", `${figures.launches}`],
    ["different kernels", `${figures.kernels}`],
    ["in products", `${(figures.flop / 1e6).toFixed(1)} MFLOP`],
    ["read and written", bytes(figures.bytes)],
    ["most in use", bytes(figures.peakBytes)],
    [placed ? "temporaries share" : "temporaries need", bytes(arenaBytes)],
    ["parameters", listing.parameters.toLocaleString("en")],
  ];
  return html(
    "dl",
    { class: "cards" },
    ...cards.map(([name, value]) => html("div", {}, html("dt", {}, name), html("dd", {}, value))),
  );
}

/** How much each operation takes: of the time, where it is known, else of the bytes moved. */
export function byOperation({ steps }: Listing): HTMLElement {
  const timed = steps.every((step) => step.time !== undefined);
  const cost = (step: ListedStep): number => (timed ? (step.time as number) : step.bytes);
  const all = sum(steps.map(cost));
  const groups = new Map<string, ListedStep[]>();
  for (const step of steps) groups.set(step.op, [...(groups.get(step.op) ?? []), step]);
  const rows = [...groups]
    .map(([op, group]) => ({ op, count: group.length, cost: sum(group.map(cost)) }))
    .toSorted((a, b) => b.cost - a.cost);
  const most = 10;
  const rest = rows.slice(most);
  const shown = [
    ...rows.slice(0, most),
    ...(rest.length > 0
      ? [
          {
            op: `${rest.length} more`,
            count: sum(rest.map(({ count }) => count)),
            cost: sum(rest.map((row) => row.cost)),
          },
        ]
      : []),
  ];
  const largest = Math.max(...shown.map((row) => row.cost));
  return html(
    "figure",
    { class: "by-operation" },
    html(
      "table",
      {},
      html("caption", {}, timed ? "Time by operation" : "Bytes read and written by operation"),
      html(
        "tbody",
        {},
        ...shown.map((row) => {
          const bar = html("span", { class: "share", "aria-hidden": "true" });
          bar.style.width = `${(100 * row.cost) / largest}%`;
          return html(
            "tr",
            {},
            html("th", { scope: "row" }, row.op, html("small", {}, ` × ${row.count}`)),
            html("td", { class: "number" }, timed ? time(row.cost) : bytes(row.cost)),
            html("td", { class: "number" }, percent(row.cost / all)),
            html("td", { class: "bar" }, bar),
          );
        }),
      ),
    ),
  );
}

const [WIDTH, HEIGHT] = [1000, 300];

/** Temporaries over the steps of the program: when each lives, and where. */
export function memoryPicture(listing: Listing, choose: (step: number) => void): HTMLElement {
  const { steps, buffers, arenaBytes, placed } = listing;
  const x = (step: number): number => (WIDTH * step) / steps.length;
  const y = (offset: number): number => HEIGHT - (HEIGHT * offset) / arenaBytes;
  const blocks = buffers.flatMap((buffer) => {
    const { offset, first, last, name } = buffer;
    if (offset === undefined || last < 0) return [];
    const maker = steps[first];
    const [left, top] = [x(first), y(offset + buffer.bytes)];
    return [
      svg(
        "rect",
        {
          ...{ class: `block ${maker?.phase ?? ""}`, x: left, y: top },
          ...{ width: x(last + 1) - left, height: y(offset) - top },
          onclick: () => choose(first),
        },
        svg(
          "title",
          {},
          `${name}, ${bytes(buffer.bytes)}: made by ${maker?.op} (${first}), last read at ${last}`,
        ),
      ),
    ];
  });
  const what = placed
    ? "where each temporary lies in the engine’s memory"
    : "where the plan’s lifetimes would let each temporary lie";
  return html(
    "figure",
    { class: "memory" },
    html("h3", {}, "Memory over the step"),
    svg(
      "svg",
      {
        ...{ viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" },
        "aria-label": `Temporaries over ${steps.length} operations: ${what}; ${bytes(arenaBytes)} in all.`,
      },
      ...blocks,
    ),
    html(
      "figcaption",
      {},
      `From the first operation to the last, ${what}: ${bytes(arenaBytes)} hold ${bytes(
        sum(buffers.flatMap((buffer) => (buffer.offset === undefined ? [] : [buffer.bytes]))),
      )} of values made by `,
      ...(["forward", "backward", "optimizer"] as const).flatMap((phase, i) => [
        ["", ", ", " and "][i] as string,
        html("span", { class: `phase ${phase}` }, phase),
      ]),
      " operations.",
    ),
  );
}
