import { abstractId, instanceId, type ParameterId, type Problem, parameterOf } from "./problem.ts";

/** The items and categories that a problem's names are made of. */
export type World = Pick<Problem, "layerNames" | "items">;

/** What a parameter counts, and whose it is. */
export interface Name {
  readonly owner: string;
  readonly owned: string;
}

/** The two parts of a parameter's name. @throws RangeError for a parameter outside the world */
export function nameOf({ layerNames, items }: World, id: ParameterId): Name {
  const { kind, layer, item, of } = parameterOf(id);
  const owner = items[layer]?.[item];
  const owned = kind === "instance" ? items[layer + 1]?.[of] : layerNames[of];
  if (owner === undefined || owned === undefined)
    throw new RangeError(`igsm: expected a parameter of the problem's items, got ${id}`);
  return { owner, owned };
}

/** Every parameter that the items allow: each pair of neighbours, each item and lower layer. */
function* parameters({ layerNames, items }: World): Generator<ParameterId> {
  for (let i = 0; i + 1 < items.length; i++)
    for (let j = 0; j < (items[i] ?? []).length; j++) {
      for (let k = 0; k < (items[i + 1] ?? []).length; k++) yield instanceId(i, j, k);
      for (let c = i + 1; c < layerNames.length; c++) yield abstractId(i, j, c);
    }
}

/** The parameter of each name, as `write` puts it; of two with one name, the first. */
export function nameTable(
  world: World,
  write: (name: Name) => string,
): ReadonlyMap<string, ParameterId> {
  const table = new Map<string, ParameterId>();
  for (const id of parameters(world)) {
    const name = write(nameOf(world, id));
    if (!table.has(name)) table.set(name, id);
  }
  return table;
}
