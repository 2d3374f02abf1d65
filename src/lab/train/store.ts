import { nextTask } from "../nextTask.ts";
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
  /** Draws soon; to be called as often as one likes. */
  changed(): void;
}

/** At most so often is the page drawn, ms: what changes between two frames nobody sees. */
const PAUSE = 80;

/** @param draws draw parts of the page, each in a task of its own, so that none takes long */
export function createStore(draws: readonly (() => void)[]): Store {
  const runs: Run[] = [];
  let selected: Run | undefined;
  let asked = false;
  let last = -PAUSE;
  async function drawAll(): Promise<void> {
    asked = false;
    last = performance.now();
    for (const draw of draws) {
      draw();
      await nextTask();
    }
  }
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
      setTimeout(drawAll, Math.max(0, last + PAUSE - performance.now()));
    },
  };
  return store;
}
