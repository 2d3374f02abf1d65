import { chance, integer, pick, type Stream, sample } from "../../draw.ts";
import { abstractId, instanceId, type ParameterId } from "../problem.ts";
import type { Sizes } from "./sizes.ts";

/** Who has whom: `children[i][j]` are the items of layer i+1 that item j of layer i has. */
export interface Structure {
  readonly widths: readonly number[];
  readonly children: readonly (readonly (readonly number[])[])[];
}

const pairs = (widths: readonly number[]): number =>
  widths.slice(1).reduce((sum, width, i) => sum + width * (widths[i] as number), 0);

/** Grows layers at random until the edges find room, and some more. */
function drawWidths(next: Stream, { depth, width: [min, max], edges }: Sizes): number[] {
  const widths = new Array<number>(depth).fill(min);
  const growth = next();
  for (;;) {
    const owned = widths.slice(1).reduce((sum, width) => sum + width, 0);
    const suffices = pairs(widths) >= edges;
    const growing = widths.flatMap((width, i) => (width < max ? [i] : []));
    const done = suffices && (owned === edges || !chance(next, growth));
    if (done || growing.length === 0) return widths;
    const layer = pick(next, growing);
    widths[layer] = (widths[layer] as number) + 1;
  }
}

/** An owner for each item below the first layer, then edges at random. */
export function drawStructure(next: Stream, sizes: Sizes): Structure {
  const widths = drawWidths(next, sizes);
  const children = widths.map((width) => Array.from({ length: width }, (): number[] => []));
  const free: (readonly [layer: number, item: number, child: number])[] = [];
  let edges = 0;
  for (let i = 1; i < widths.length; i++) {
    const above = widths[i - 1] as number;
    for (let k = 0; k < (widths[i] as number); k++) {
      const owner = integer(next, 0, above - 1);
      children[i - 1]?.[owner]?.push(k);
      edges++;
      for (let j = 0; j < above; j++) if (j !== owner) free.push([i - 1, j, k]);
    }
  }
  const more = Math.min(free.length, Math.max(0, sizes.edges - edges));
  for (const [i, j, k] of sample(next, free, more)) children[i]?.[j]?.push(k);
  for (const layer of children) for (const list of layer) list.sort((a, b) => a - b);
  return { widths, children };
}

/** The parameters of a structure, numbered: instances first. */
export interface Graph {
  readonly ids: readonly ParameterId[];
  /** How many of them are instances. */
  readonly instances: number;
  /** What an abstract parameter is calculated from; nothing for instances. */
  readonly needs: readonly (readonly number[])[];
  /** How many layers an abstract parameter looks down; 0 for instances. */
  readonly reach: readonly number[];
}

export function graphOf({ widths, children }: Structure): Graph {
  const depth = widths.length;
  const instances = children.flatMap((layer, i) =>
    layer.flatMap((list, j) => list.map((k) => instanceId(i, j, k))),
  );
  const abstracts = children
    .slice(0, -1)
    .flatMap((layer, i) =>
      layer.flatMap((list, j) =>
        Array.from({ length: depth - 1 - i }, (_, n) => ({ i, j, c: i + 1 + n, list })),
      ),
    );
  const ids = [...instances, ...abstracts.map(({ i, j, c }) => abstractId(i, j, c))];
  const numberOf = new Map(ids.map((id, n) => [id, n]));
  const at = (id: ParameterId): number => numberOf.get(id) as number;
  const needs = abstracts.map(({ i, j, c, list }) =>
    list.flatMap((k) =>
      c === i + 1
        ? [at(instanceId(i, j, k))]
        : [at(instanceId(i, j, k)), at(abstractId(i + 1, k, c))],
    ),
  );
  return {
    ids,
    instances: instances.length,
    needs: [...instances.map(() => []), ...needs],
    reach: [...instances.map(() => 0), ...abstracts.map(({ i, c }) => c - i)],
  };
}
