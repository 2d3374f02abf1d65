import { ShapeError, showShape } from "../../tensor/errors.ts";
import { at, sameShape } from "../../tensor/shapes.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { EMBEDDING, HEAD } from "../config.ts";
import type { AdapterConfig } from "./adapterConfig.ts";
import {
  type Module,
  moduleOf,
  modulesOf,
  type Part,
  pathOf,
  type Shapes,
  type Storage,
  withHead,
} from "./modules.ts";
import { isTarget, ofPattern } from "./targets.ts";

/** What stands before a module's path in PEFT's files. */
export const PREFIX = "base_model.model.";

/** What changes one module. */
export interface AdapterLayer {
  /** r. */
  readonly rank: number;
  /** What B·A is multiplied by: α/r, or α/√r. */
  readonly scale: number;
  readonly dora: boolean;
  /** Names of the tensors, which the parts of a joined module share. */
  readonly names: { readonly a: string; readonly b: string; readonly magnitude: string };
  /** Of the tensors. */
  readonly shapes: Shapes;
  /** Which rows of B are the module's, where it is a part of a joined one. */
  readonly rows?: Part["rows"];
}

/** Adapted modules by path, such as `model.layers.0.self_attn.q_proj`. */
export type AdapterLayers = { readonly [module: string]: AdapterLayer };

/** An adapter's place in a base model. */
export interface AdapterLayout {
  readonly layers: AdapterLayers;
  /** What is saved whole: the base's name by the adapter's. */
  readonly saved: { readonly [name: string]: string };
  /** Name and shape of every tensor of the adapter. */
  readonly shapes: Shapes;
  /** The base's head is its embedding, and the adapter changes one of the two. */
  readonly unties: boolean;
}

/** What an adapter must know of its base. */
export interface Base {
  /** Name and shape of every parameter. */
  readonly shapes: Shapes;
  readonly config?: { readonly storage?: Storage; readonly adapter?: AdapterLayers };
}

/**
 * Finds the modules of a base model that an adapter changes.
 * @throws TypeError where no module is a target or one is that cannot be, or where a name of
 *   `modulesToSave` stands for none
 */
export function adapterLayout(config: AdapterConfig, base: Base): AdapterLayout {
  if (Object.keys(base.config?.adapter ?? {}).length > 0)
    throw new TypeError("lora: expected a model without an adapter, got one with");
  const storage = base.config?.storage ?? "separate";
  const all = modulesOf(base.shapes, storage);
  const saved = savedNames(config, base.shapes, storage);
  const layers: Record<string, AdapterLayer> = {};
  const shapes: Record<string, readonly number[]> = {};
  for (const module of all) {
    if (!isTarget(config, module.path, module.kind === "linear")) continue;
    const names = namesOf(module);
    expectAdaptable(config, module, names.whole in saved);
    const scaled = { ...scaleOf(config, module.path), dora: config.dora, names };
    const layer: AdapterLayer = { ...scaled, shapes: layerShapes(module, scaled) };
    for (const { module: ours, rows } of module.parts)
      layers[ours] = { ...layer, ...(rows && { rows }) };
    Object.assign(shapes, layer.shapes);
  }
  if (Object.keys(layers).length === 0)
    throw new TypeError(
      `lora: expected targets among the model's modules, ${lastNames(all)}, got ${JSON.stringify(config.targets)}${inLayers(config)}`,
    );
  const whole = withHead(base.shapes);
  for (const [name, of] of Object.entries(saved)) shapes[name] = whole[of] ?? [];
  const changed = [...Object.keys(layers), ...Object.values(saved).map(moduleOf)];
  const isTied = !(HEAD in base.shapes);
  const unties = isTied && [EMBEDDING, HEAD].some((name) => changed.includes(moduleOf(name)));
  return { layers, saved, shapes, unties };
}

const inLayers = ({ layersToTransform: layers }: AdapterConfig): string =>
  layers?.length ? ` in the layers ${layers.join(", ")}` : "";

/** PEFT's names of a module's tensors. */
function namesOf({ path, kind }: Module): AdapterLayer["names"] & { readonly whole: string } {
  const start = PREFIX + path;
  const [a, b] =
    kind === "embedding"
      ? ["lora_embedding_A", "lora_embedding_B"]
      : ["lora_A.weight", "lora_B.weight"];
  return {
    a: `${start}.${a}`,
    b: `${start}.${b}`,
    magnitude: `${start}.lora_magnitude_vector`,
    whole: `${start}.weight`,
  };
}

/** Every parameter of a module whose path ends in one of the names: PEFT asks for no dot before. */
function savedNames(
  { modulesToSave }: AdapterConfig,
  base: Shapes,
  storage: Storage,
): AdapterLayout["saved"] {
  const paths = Object.keys(withHead(base)).map((ours) => {
    const last = ours.slice(ours.lastIndexOf("."));
    return [ours, pathOf(moduleOf(ours), storage) + last] as const;
  });
  const saved: Record<string, string> = {};
  for (const ending of modulesToSave) {
    const found = paths.filter(([, path]) => modulesAbove(path).some((m) => m.endsWith(ending)));
    if (found.length === 0)
      throw new TypeError(
        `lora: expected modulesToSave among the model's modules, got ${JSON.stringify(ending)}`,
      );
    for (const [ours, path] of found) {
      const isJoined = paths.some(([other, its]) => its === path && other !== ours);
      const isTurned = storage === "gpt2" && path.includes(".c_");
      if (isJoined || isTurned)
        throw new TypeError(
          `lora: expected modulesToSave that the model holds as its files do, got ${JSON.stringify(ending)} with ${path}`,
        );
      saved[PREFIX + path] = ours;
    }
  }
  return saved;
}

/** `a` and `a.b` of `a.b.weight`. */
function modulesAbove(name: string): string[] {
  const parts = name.split(".");
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join("."));
}

function expectAdaptable({ dora }: AdapterConfig, module: Module, isSaved: boolean): void {
  const refuse = (why: string): never => {
    throw new TypeError(`lora: expected linear modules as targets, got ${module.path}, ${why}`);
  };
  if (isSaved) refuse("which modulesToSave holds too");
  if (module.kind === "other") refuse("which is none");
  if (module.kind !== "embedding") return;
  if (module.parts[0]?.module !== moduleOf(EMBEDDING)) refuse("which is another embedding");
  if (dora) refuse("which is an embedding, with dora");
}

export function scaleOf(config: AdapterConfig, path: string): { rank: number; scale: number } {
  const rank = ofPattern(config.rankPattern, path) ?? config.rank;
  const alpha = ofPattern(config.alphaPattern, path) ?? config.alpha;
  return { rank, scale: alpha / (config.rslora ? Math.sqrt(rank) : rank) };
}

function layerShapes(
  { shape, kind }: Module,
  { rank, dora, names }: Omit<AdapterLayer, "shapes">,
): Shapes {
  const [rows, columns] = [at(shape, 0), at(shape, 1)];
  // An embedding [tokens, width] is applied as its transpose.
  const [from, to] = kind === "embedding" ? [rows, columns] : [columns, rows];
  return {
    [names.a]: [rank, from],
    [names.b]: [to, rank],
    ...(dora && { [names.magnitude]: [to] }),
  };
}

/** Up to ten last parts of the modules' paths, for a message. */
function lastNames(modules: readonly Module[]): string {
  const matrices = modules.filter(({ kind }) => kind !== "other");
  const names = [...new Set(matrices.map(({ path }) => path.slice(path.lastIndexOf(".") + 1)))];
  return names.slice(0, 10).join(", ");
}

/**
 * Checks that a record holds exactly an adapter's tensors.
 * @throws TypeError for a missing or unknown name, ShapeError for a shape; both name the tensor
 */
export function expectAdapter(
  { shapes }: Pick<AdapterLayout, "shapes">,
  adapter: { readonly [name: string]: Tensor },
): void {
  for (const [name, shape] of Object.entries(shapes)) {
    const tensor = adapter[name];
    if (!tensor) throw new TypeError(`lora: expected tensor ${name} ${showShape(shape)}, got none`);
    if (!sameShape(tensor.shape, shape))
      throw new ShapeError("lora", `tensor ${name} ${showShape(shape)}`, [tensor.shape]);
  }
  const unknown = Object.keys(adapter).find((name) => !Object.hasOwn(shapes, name));
  if (unknown !== undefined)
    throw new TypeError(`lora: expected no tensor ${unknown} with this config, got one`);
}

export const shapesOf = (params: { readonly [name: string]: Tensor }): Shapes =>
  Object.fromEntries(Object.entries(params).map(([name, { shape }]) => [name, shape]));
