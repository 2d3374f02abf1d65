import { mountSimplex } from "./simplex/mount.ts";
import { mountTrain } from "./train/mount.ts";

const views = ["train", "simplex", "program"] as const;
type View = (typeof views)[number];

/** How each section fills itself, the first time that it is shown. */
const mounts: Readonly<Record<View, (element: HTMLElement) => unknown>> = {
  train: mountTrain,
  simplex: mountSimplex,
  program: () => {},
};
const mounted = new Set<View>();

function viewOf(hash: string): View {
  const wanted = new URLSearchParams(hash.slice(1)).get("view");
  return views.find((view) => view === wanted) ?? "train";
}

function show(): void {
  const shown = viewOf(location.hash);
  for (const view of views) {
    const section = document.getElementById(view) as HTMLElement;
    section.hidden = view !== shown;
    const link = document.querySelector(`[data-view=${view}]`) as HTMLAnchorElement;
    if (view === shown) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    if (view === shown && !mounted.has(view)) {
      mounted.add(view);
      mounts[view](section);
    }
  }
}

addEventListener("hashchange", show);
show();
