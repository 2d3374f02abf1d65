/**
 * A quantity of a problem, written as four whole numbers.
 * `0,i,j,k` (instance): how many of item k of layer i+1 each item j of layer i has; a sentence states it.
 * `1,i,j,c` (abstract): how many things of layer c each item j of layer i has; it follows from the
 * instances.
 */
export type ParameterId = string;

export type Operator = "+" | "-" | "*";

/** `7 more than …` or `7 times as much as …` */
export interface Constant {
  readonly operator: "+" | "*";
  readonly value: number;
}

/** One sentence: parameter = constant ∘ (sum or difference of the operands); none of them is 0. */
export interface Statement {
  readonly parameter: ParameterId;
  readonly constant?: Constant;
  readonly operator: "+" | "-";
  readonly operands: readonly ParameterId[];
}

/**
 * An iGSM problem. Items stand in layers; each item has items of the next layer. All arithmetic is
 * modulo `modulus`.
 * @see Ye, Xu, Li, Allen-Zhu, "Physics of Language Models: Part 2.1" (arXiv 2407.20311), section 2
 */
export interface Problem {
  /** The category of each layer, e.g. School, Classroom. */
  readonly layerNames: readonly string[];
  /** The items of each layer. */
  readonly items: readonly (readonly string[])[];
  readonly modulus: number;
  /** In the order in which they are told. */
  readonly statements: readonly Statement[];
  readonly question: ParameterId;
}

/** The modulus of the original. */
export const MODULUS = 23;

export interface Parameter {
  readonly kind: "instance" | "abstract";
  readonly layer: number;
  readonly item: number;
  /** Instance: the item of the next layer. Abstract: the layer whose things are counted. */
  readonly of: number;
}

export const instanceId = (layer: number, item: number, child: number): ParameterId =>
  `0,${layer},${item},${child}`;

export const abstractId = (layer: number, item: number, category: number): ParameterId =>
  `1,${layer},${item},${category}`;

/** Takes an id apart. */
export function parameterOf(id: ParameterId): Parameter {
  const [kind, layer, item, of] = id.split(",").map(Number) as [number, number, number, number];
  return { kind: kind === 0 ? "instance" : "abstract", layer, item, of };
}
