import type { Frame } from "./labels.ts";

/** First and last value of an axis. */
export type Domain = readonly [from: number, to: number];

/** Size and margins of a figure, pixels. */
export interface PlotArea {
  readonly width: number;
  readonly height: number;
  readonly marginLeft: number;
  readonly marginRight: number;
  readonly marginTop: number;
  readonly marginBottom: number;
}

const margins = { marginLeft: 56, marginRight: 24, marginTop: 28, marginBottom: 44 };
/** Half of the page. */
export const plotArea: PlotArea = { width: 760, height: 440, ...margins };
/** The whole width of the page. */
export const wideArea: PlotArea = { width: 1180, height: 540, ...margins };

/** Where the axes are. */
export const frameOf = (area: PlotArea): Frame => ({
  left: area.marginLeft,
  right: area.width - area.marginRight,
  top: area.marginTop,
  bottom: area.height - area.marginBottom,
});
