import { pageOf } from "../../report/page.ts";
import { type RunFiles, readFineTuned, stageName } from "./run.ts";
import { sections } from "./sections.ts";

/** What this report has beyond the common style. */
const ownStyle = `
.sample h3, .sample h4 { font-size: .8rem; font-weight: 600; margin: 0 0 .15rem; }
.sample h4 .muted { font-weight: 400; font-size: 1em; }
.verdict { border-left: 4px solid var(--anchored); background: var(--band); padding: .6rem 1.1rem .8rem; margin: 1.2rem 0 0; border-radius: 0 6px 6px 0; }
.verdict .lead { margin: .2rem 0; font-size: 1.25rem; }
.verdict p { max-width: 60rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: .8rem 1.6rem; margin: 1rem 0 0; }
.facts dt { color: var(--muted); font-size: .85rem; }
.facts dd { margin: 0; font-size: 1.15rem; font-variant-numeric: tabular-nums; }
.sample { border: 1px solid var(--line); border-radius: 6px; margin: 1rem 0 0; overflow: hidden; break-inside: avoid; }
.sample > * { padding: .6rem .9rem; }
.sample .prompt { background: var(--band); }
.sample .wanted { border-bottom: 1px solid var(--line); }
.answers { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(17rem, 100%), 1fr)); gap: .8rem 1.6rem; }
.answers > div { min-width: 0; }
.said { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; margin: 0; max-width: none; font-size: .9rem; }
mark { background: color-mix(in srgb, var(--moving) 28%, transparent); color: inherit; border-bottom: 2px solid var(--moving); }
del { color: var(--muted); }
pre { white-space: pre-wrap; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  .figure svg { width: auto; max-width: 100%; zoom: 1; }
  .figure + figcaption::before { content: none; }
  .small svg { width: 100%; }
  td:first-child { white-space: nowrap; }
}
@media print {
  h2 { break-before: auto; margin-top: 1.4rem; }
  .verdict, .sample { break-inside: avoid; }
  mark { background: none; font-weight: 600; }
}
`;

/**
 * The report of a fine-tune as one HTML page that needs nothing else: a verdict that follows from
 * the numbers, curves, what was kept, answers side by side, certificates, the recipe. Of a run that
 * has not ended, what there is.
 * @param files as they lie in the run's folder
 * @throws DataError naming file, line and field of what cannot be read
 */
export function reportOf(files: RunFiles): string {
  const run = readFineTuned(files);
  const model = run.plan?.model ?? run.recipe["model"];
  const name =
    typeof model === "string"
      ? (model.split(/[/\\]/).findLast((part) => part !== "") ?? model)
      : "a checkpoint";
  const method =
    run.method ?? (typeof run.recipe["method"] === "string" ? run.recipe["method"] : "sft");
  const title = `${name}, fine-tuned: ${stageName(method)}`;
  return pageOf({ title, body: sections(run), style: ownStyle });
}
