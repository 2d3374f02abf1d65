import { at } from "../../tensor/shapes.ts";
import type { Job } from "./plan.ts";

/** The jobs that can begin, in the order of the plan; asking and telling cost no look at the others. */
export interface ReadyQueue {
  /** Takes the first out; undefined where none can begin now. */
  take(): Job | undefined;
  /** Puts one back that is to run again. */
  putBack(job: Job): void;
  /** What needs this job may begin, once nothing else is missing. */
  finish(id: string): void;
}

/** @param finished ids of the jobs that are not to run */
export function readyQueue(jobs: readonly Job[], finished: ReadonlySet<string>): ReadyQueue {
  const places = new Map(jobs.map(({ id }, place) => [id, place]));
  const dependents = new Map<string, number[]>();
  const open = jobs.map(({ id, needs }, place) => {
    if (finished.has(id)) return 0;
    const missing = new Set(needs.filter((need) => !finished.has(need)));
    for (const need of missing) {
      const known = dependents.get(need);
      if (known) known.push(place);
      else dependents.set(need, [place]);
    }
    return missing.size;
  });
  const heap = leastFirst();
  for (const [place, { id }] of jobs.entries())
    if (open[place] === 0 && !finished.has(id)) heap.push(place);
  return {
    take: () => {
      const place = heap.pop();
      return place === undefined ? undefined : at(jobs, place);
    },
    putBack: ({ id }) => {
      const place = places.get(id);
      if (place !== undefined) heap.push(place);
    },
    finish: (id) => {
      for (const place of dependents.get(id) ?? []) {
        const left = at(open, place) - 1;
        open[place] = left;
        if (left === 0) heap.push(place);
      }
      dependents.delete(id);
    },
  };
}

/** A binary heap of numbers. */
function leastFirst(): { push(x: number): void; pop(): number | undefined } {
  const heap: number[] = [];
  const swap = (a: number, b: number): void => {
    const kept = at(heap, a);
    heap[a] = at(heap, b);
    heap[b] = kept;
  };
  const least = (a: number, b: number): number =>
    b < heap.length && at(heap, b) < at(heap, a) ? b : a;
  return {
    push(x) {
      let i = heap.push(x) - 1;
      for (let up = (i - 1) >> 1; i > 0 && at(heap, up) > x; up = (i - 1) >> 1) {
        swap(i, up);
        i = up;
      }
    },
    pop() {
      const [first] = heap;
      const last = heap.pop();
      if (last === undefined || heap.length === 0) return first;
      heap[0] = last;
      for (let i = 0; ; ) {
        const down = least(least(i, 2 * i + 1), 2 * i + 2);
        if (down === i) return first;
        swap(i, down);
        i = down;
      }
    },
  };
}
