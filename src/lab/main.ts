import { isolatePage } from "./isolation.ts";
import { parameters } from "./location.ts";

const views = ["train", "model", "explain", "simplex", "program"] as const;
type View = (typeof views)[number];

/** How each section fills itself, the first time that it is shown: what it needs is loaded then. */
const mounts: Readonly<Record<View, (element: HTMLElement) => Promise<unknown>>> = {
  train: async (element) => (await import("./train/mount.ts")).mountTrain(element),
  model: async (element) => (await import("./model/mount.ts")).mountModel(element),
  explain: async (element) => (await import("./explain/mount.ts")).mountExplain(element),
  simplex: async (element) => (await import("./simplex/mount.ts")).mountSimplex(element),
  program: async (element) => (await import("./program/mount.ts")).mountProgram(element),
};
const mounted = new Set<View>();

function viewNow(): View {
  const wanted = parameters().get("view");
  return views.find((view) => view === wanted) ?? "train";
}

function show(): void {
  const shown = viewNow();
  for (const view of views) {
    const section = document.getElementById(view) as HTMLElement;
    section.hidden = view !== shown;
    const link = document.querySelector(`[data-view=${view}]`) as HTMLAnchorElement;
    if (view === shown) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    if (view === shown && !mounted.has(view)) {
      mounted.add(view);
      mounts[view](section).catch((error: Error) => {
        section.replaceChildren(`This part could not be loaded: ${error.message}`);
      });
    }
  }
}

/** What a link to a section says besides, stays as it is. */
for (const link of document.querySelectorAll<HTMLAnchorElement>("[data-view]"))
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const next = parameters();
    next.set("view", link.dataset["view"] as string);
    history.pushState(null, "", `#${next}`);
    show();
  });
addEventListener("hashchange", show);
addEventListener("popstate", show);
show();
if (import.meta.env.MODE === "production")
  isolatePage().catch((error: Error) => console.warn(`no shared memory: ${error.message}`));
