/** Every operation that people call: those that primitives stand behind, and those made of them. */
export * from "../ops.ts";
export {
  cumsum,
  split,
  stack,
  std,
  type TopK,
  topK,
  type VarianceOptions,
  variance,
} from "./axes.ts";
export {
  type Comparable,
  equal,
  greater,
  greaterEqual,
  lessEqual,
  notEqual,
  sign,
} from "./compare.ts";
export { type ClampOptions, clamp, erf, pow, relu, where } from "./elementwise.ts";
