import { escapeHtml, escapeMarkdown } from "../../../report/escape.ts";
import { percent } from "../../../report/format.ts";
import { table } from "../../../report/table.ts";
import { pointsOf } from "../../summary/front.ts";
import { hypervolume } from "../../summary/hypervolume.ts";
import { tableText } from "../markdown.ts";
import type { Reported } from "../reported.ts";
import { line } from "../tables.ts";
import { chosenIn } from "./size.ts";

/** What a family came to in a study: its chosen row, and the area that all of its rows dominate. */
interface Reached {
  readonly gain: number | undefined;
  readonly lost: number;
  readonly area: number;
}

interface FamilyAcross {
  readonly family: string;
  readonly name: string;
  readonly color: string;
  /** In each study; undefined where the family was not run, or not yet. */
  readonly reached: readonly (Reached | undefined)[];
}

/**
 * Studies in which rows were chosen, where there are several, and their families by falling sum of
 * areas.
 */
function sideBySide(all: readonly Reported[]): SideBySide | undefined {
  const studies = all.filter(({ choices }) => choices.length > 0);
  const families = familiesAcross(studies);
  return studies.length < 2 || families.length === 0 ? undefined : { studies, families };
}

function familiesAcross(studies: readonly Reported[]): readonly FamilyAcross[] {
  const families = [...new Set(studies.flatMap(({ choices }) => choices.map((c) => c.family)))];
  return families
    .flatMap((family): (FamilyAcross & { readonly sum: number })[] => {
      const chosen = studies.map((study) => chosenIn(study, family));
      const style = studies.flatMap((study, i) => {
        const row = chosen[i]?.row;
        return row ? [study.look(row)] : [];
      })[0];
      if (!style) return [];
      const reached = studies.map((study, i): Reached | undefined => {
        const summary = chosen[i];
        const mine = study.settled.filter(({ row }) => row.family === family);
        return (
          summary && {
            ...{ gain: summary.gain?.mean, lost: summary.drop.mean },
            area: hypervolume(pointsOf(mine)),
          }
        );
      });
      const sum = reached.reduce((all, one) => all + (one?.area ?? 0), 0);
      return [{ family, ...style, reached, sum }];
    })
    .toSorted((a, b) => b.sum - a.sum);
}

interface SideBySide {
  readonly studies: readonly Reported[];
  readonly families: readonly FamilyAcross[];
}

const textOf = (reached: Reached | undefined): string =>
  reached
    ? `${reached.gain === undefined ? "–" : percent(reached.gain)} / ${percent(reached.lost)} / ${reached.area.toFixed(3)}`
    : "–";

const ABOUT =
  "Gain, % / prior skills lost, % / area, of each family's row as chosen for that study; – where it was not run.";

/** Families against studies in Markdown; undefined where rows were chosen in fewer than two of them. */
export function sideBySideMarkdown(all: readonly Reported[]): string | undefined {
  const found = sideBySide(all);
  if (!found) return undefined;
  const { studies, families } = found;
  const head = ["family", ...studies.map(({ recipe }) => escapeMarkdown(recipe.name))];
  const lines = families.map(({ name, reached }) => [escapeMarkdown(name), ...reached.map(textOf)]);
  return `${tableText(head, 1, lines)}\n\n${ABOUT}\n`;
}

/** The same as HTML. */
export function sideBySideSection(all: readonly Reported[]): string {
  const found = sideBySide(all);
  if (!found) return "";
  const { studies, families } = found;
  const rows = families.map(({ family, name, color, reached }) =>
    line(
      [`<i style="background:${color}"></i>${escapeHtml(name)}`, ...reached.map(textOf)],
      family === "anchored" ? "headline" : undefined,
    ),
  );
  return `<h3>Families side by side</h3>
<p class="muted">${escapeHtml(ABOUT)}</p>
${table(["family", ...studies.map(({ recipe }) => recipe.name)], rows)}`;
}
