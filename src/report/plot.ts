/**
 * Observable Plot, as much as is used here. The package holds it within this file
 * (packaging/bundle.mjs), for it is 42 packages of 7 MB, which no engine needs.
 */
export {
  areaY,
  barX,
  barY,
  cell,
  dot,
  frame,
  line,
  link,
  type Markish,
  type PlotOptions,
  plot,
  ruleX,
  ruleY,
  text,
  tickX,
  tickY,
} from "@observablehq/plot";
