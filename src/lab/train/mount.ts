import { html } from "../dom.ts";

/** Fills the training page. */
export function mountTrain(section: HTMLElement): void {
  section.append(html("h2", {}, "Train"));
}
