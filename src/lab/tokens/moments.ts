import { type RowRecipe, referenceOf } from "../../experiment/recipe.ts";
import { checkpointOf, snapshotOf } from "../runs/places.ts";
import { baseRow, distributionsOf, type Run, resultOf, tunedRows } from "../runs/run.ts";

/** A moment of a run at which models can be compared. */
export interface Moment {
  readonly row: RowRecipe;
  /** Outer step, from 0. */
  readonly outer: number;
  /** Where the anchor lies, for methods that freeze one. */
  readonly alpha: number | undefined;
  /** Whether the student is still on its way through the outer step. */
  readonly live: boolean;
  readonly snapshot: Source;
  /** p_sft, once there is one. */
  readonly reference: Source | undefined;
  readonly next: Source;
}

/** Where a model's weights are: in a file, or with the run's student. */
export type Source = { readonly path: string } | { readonly version: number };

/** The row that a run is about. */
const headline = (run: Run): RowRecipe | undefined =>
  tunedRows(run).find(({ id }) => id === run.recipe.headline) ?? tunedRows(run).at(-1);

const weightsOf = ({ name, seed }: Run, row: RowRecipe): Source => ({
  path: checkpointOf(name, seed, row.id),
});

/**
 * The moments of a run, the newest last: while p_sft is made, it is the student; then each outer
 * step of the row that the run is about.
 */
export function momentsOf(run: Run): Moment[] {
  const row = headline(run);
  if (!row || !resultOf(run, baseRow(run))) return [];
  const of = momentsOfRow(run, row);
  if (of.length > 0) return of;
  const reference = sftOf(run, row);
  const { student } = run;
  if (!reference || student?.row !== reference.id || resultOf(run, reference)) return [];
  const base = weightsOf(run, baseRow(run));
  return [
    {
      ...{ row: reference, outer: 0, alpha: undefined, live: true },
      ...{ snapshot: base, reference: { version: student.version }, next: base },
    },
  ];
}

/** The row that is a row's p_sft; the run's, for that row itself and those before it. */
const sftOf = ({ recipe }: Run, row: RowRecipe): RowRecipe | undefined =>
  referenceOf(recipe, row.id) ?? recipe.rows.find(({ id }) => id === recipe.reference);

function finishedReference(run: Run, row: RowRecipe): Source | undefined {
  const reference = sftOf(run, row);
  return reference && resultOf(run, reference) && weightsOf(run, reference);
}

function momentsOfRow(run: Run, row: RowRecipe): Moment[] {
  const reference = finishedReference(run, row);
  const startOf = (outer: number): Source =>
    outer === 0
      ? weightsOf(run, baseRow(run))
      : { path: snapshotOf(run.name, run.seed, row.id, outer - 1) };
  const ended = distributionsOf(run, row).map(
    ({ outer, alpha }): Moment => ({
      ...{ row, outer, alpha, live: false, snapshot: startOf(outer), reference },
      next: { path: snapshotOf(run.name, run.seed, row.id, outer) },
    }),
  );
  const { student } = run;
  if (student?.row !== row.id || student.outer < ended.length || resultOf(run, row)) return ended;
  const { outer, alpha, version } = student;
  const next = { version };
  return [...ended, { row, outer, alpha, live: true, snapshot: startOf(outer), reference, next }];
}

/** The whole of a row's training: what is left of a run whose snapshots were not kept. */
export function wholeOf(run: Run, row: RowRecipe): Moment | undefined {
  if (!resultOf(run, row)) return undefined;
  return {
    ...{ row, outer: 0, alpha: undefined, live: false },
    snapshot: weightsOf(run, baseRow(run)),
    reference: finishedReference(run, row),
    next: weightsOf(run, row),
  };
}
