import { constant, full } from "../../tensor/apply.ts";
import { type Key, normal, split, uniform } from "../../tensor/random.ts";
import { at } from "../../tensor/shapes.ts";
import type { Shape, Tensor } from "../../tensor/tensor.ts";
import type { Params } from "../config.ts";
import type { AdapterConfig } from "./adapterConfig.ts";
import type { AdapterLayout } from "./layout.ts";
import { hostTensor, rowLengths } from "./merge.ts";

/**
 * A fresh adapter on the host, as PEFT makes it: it changes nothing yet. A is uniform in ±1/√in, or
 * N(0, 1/r²), and B is 0; of an embedding's, A is 0 and B is N(0, 1). DoRA's magnitudes are the
 * lengths of the base's rows; whole modules are the base's.
 * @throws TypeError where numbers of the base are needed that are not on the host
 */
export function initAdapter(
  key: Key,
  config: AdapterConfig,
  { layers, saved, shapes }: AdapterLayout,
  base: Params,
): Params {
  const names = Object.keys(shapes);
  const keys = split(key, names.length);
  const lengths = magnitudes(layers, base);
  const made = names.map((name, i): [string, Tensor] => {
    const [shape, of, magnitude] = [shapes[name] ?? [], saved[name], lengths.get(name)];
    if (of !== undefined) return [name, hostTensor(base, of)];
    if (magnitude) return [name, constant(Float64Array.from(magnitude), shape)];
    return [name, initial(at(keys, i), config, name, shape)];
  });
  return Object.fromEntries(made);
}

/** ‖W‖ of every row, by the magnitudes' names; the parts of a joined module one after the other. */
function magnitudes(layers: AdapterLayout["layers"], base: Params): Map<string, readonly number[]> {
  const lengths = new Map<string, readonly number[]>();
  for (const [module, { dora, names }] of Object.entries(layers)) {
    if (!dora) continue;
    const { data, shape } = hostTensor(base, `${module}.weight`);
    const above = lengths.get(names.magnitude) ?? [];
    lengths.set(names.magnitude, [...above, ...rowLengths(data, at(shape, 0))]);
  }
  return lengths;
}

function initial(key: Key, { initialization }: AdapterConfig, name: string, shape: Shape): Tensor {
  if (name.endsWith(".lora_embedding_B")) return normal(key, shape);
  if (!name.endsWith(".lora_A.weight")) return full(shape, 0);
  if (initialization === "gaussian") return normal(key, shape, { std: 1 / at(shape, 0) });
  const bound = 1 / Math.sqrt(at(shape, 1));
  return uniform(key, shape, { min: -bound, max: bound });
}
