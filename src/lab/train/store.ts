import type { Run } from "../runs/run.ts";
import type { Shown } from "../views/view.ts";

/** The runs of the page. */
export interface Store {
  readonly runs: readonly Run[];
  selected(): Run | undefined;
  select(run: Run | undefined): void;
  add(run: Run): void;
  remove(run: Run): void;
  shown(): Shown;
  /** Draws with the next frame; as often as one likes. */
  changed(): void;
}

/** @param draw is called at most once a frame, after something has changed */
export function createStore(draw: () => void): Store {
  const runs: Run[] = [];
  let selected: Run | undefined;
  let asked = false;
  const store: Store = {
    runs,
    selected: () => selected,
    select(run) {
      selected = run;
      store.changed();
    },
    add(run) {
      runs.push(run);
      store.changed();
    },
    remove(run) {
      runs.splice(runs.indexOf(run), 1);
      if (selected === run) selected = runs.at(-1);
      store.changed();
    },
    shown: () => ({
      run: selected,
      others: runs.filter((run) => run !== selected && run.shown),
    }),
    changed() {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        draw();
      });
    },
  };
  return store;
}
