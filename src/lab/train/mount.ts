import { hasBase } from "../bases/bases.ts";
import { html } from "../dom.ts";
import { parameters, setParameters } from "../location.ts";
import { freeName, packRun, readRun, readRuns, unpackRun } from "../runs/library.ts";
import { runPath } from "../runs/places.ts";
import type { Run } from "../runs/run.ts";
import { openStorage, type Storage } from "../runs/storage.ts";
import { readSetup, writeSetup } from "../setup/address.ts";
import { type Form, setupForm } from "../setup/form.ts";
import { recipeOf, type Setup } from "../setup/setup.ts";
import { certificateView } from "../views/certificates.ts";
import { divergenceView, lossView, skillsView } from "../views/curves.ts";
import { machineView } from "../views/machine.ts";
import { paretoView } from "../views/pareto.ts";
import { runsTable } from "../views/runsTable.ts";
import { samplesView } from "../views/samples.ts";
import { scoreboard } from "../views/scoreboard.ts";
import { createConductor } from "./conductor.ts";
import { createControls } from "./controls.ts";
import { createNotices } from "./notices.ts";
import { createStore } from "./store.ts";

/** Fills the training page. */
export async function mountTrain(section: HTMLElement): Promise<void> {
  const storage = await openStorage();
  const notices = createNotices();
  const setup = readSetup(parameters());
  const views = [
    ...[scoreboard(), paretoView(), certificateView(), skillsView(), lossView()],
    ...[divergenceView(), samplesView(), machineView()],
  ];
  const store = createStore(() => {
    const shown = store.shown();
    for (const view of views) view.update(shown);
    table.update(store.runs, store.selected());
    controls.update(conductor.current() ?? store.selected());
  });
  const conductor = createConductor(store.changed, notices.say);
  const form = setupForm(setup, (next) => setParameters((p) => writeSetup(p, next)));
  const controls = createControls({
    start: () => void start(form.get()),
    pause: () => conductor.order("pause"),
    go: () => conductor.order("go"),
    step: () => conductor.order("step"),
    stop: () => conductor.order("stop"),
  });

  async function start(now: Setup): Promise<void> {
    const run = await newRun(storage, now);
    store.add(run);
    store.select(run);
    const { recipe, seed, address } = run;
    const fresh = { recipe, seeds: [seed], address };
    conductor.begin(run, { fresh, scratch: now.scratch }, now.engine);
  }

  const table = runsTable({
    select: store.select,
    toggle(run, shown) {
      run.shown = shown;
      store.changed();
    },
    goOn(run) {
      store.select(run);
      conductor.begin(run, { scratch: false }, run.backend as Setup["engine"]);
    },
    share: (run) => void share(run),
    save: (run) => void save(run),
    async remove(run) {
      await storage.removeFolder(runPath(run.name));
      store.remove(run);
    },
  });

  async function share({ address }: Run): Promise<void> {
    const link = `${location.href.split("#")[0]}#${address}`;
    await navigator.clipboard.writeText(link).then(
      () => notices.say("The link is in the clipboard."),
      () => notices.show(`The link: ${link}`),
    );
  }

  async function save({ name }: Run): Promise<void> {
    download(await packRun(storage, name), `${name}.zip`);
  }

  section.append(
    ...layout(
      form,
      controls.element,
      notices.element,
      views.map((v) => v.element),
      table.element,
    ),
  );
  void form;
  const { runs, damaged } = await readRuns(storage);
  for (const run of runs) store.add(run);
  for (const text of damaged) notices.show(`A run could not be read. ${text}`);
  store.changed();
  void [hasBase, readRun, unpackRun, freeName, setup];
}

function layout(
  form: Form,
  controls: HTMLElement,
  notices: HTMLElement,
  views: readonly HTMLElement[],
  table: HTMLElement,
): HTMLElement[] {
  const [board, ...charts] = views as [HTMLElement, ...HTMLElement[]];
  return [
    html(
      "div",
      { class: "lab" },
      html("aside", { class: "panel" }, controls, form.element),
      html(
        "div",
        { class: "stage-column" },
        notices,
        board,
        html("div", { class: "charts" }, ...charts),
        table,
      ),
    ),
  ];
}

async function newRun(storage: Storage, setup: Setup): Promise<Run> {
  const started = new Date().toISOString();
  const time = started.slice(0, 19).replace("T", "-").replaceAll(":", "");
  const address = new URLSearchParams();
  writeSetup(address, setup);
  return {
    name: await freeName(storage, `${setup.recipe}-${time}`),
    ...{ recipe: recipeOf(setup), seed: setup.seed, address: `${address}`, status: "starting" },
    ...{ backend: "", device: "", reason: "", started, measurements: [], samples: {} },
    ...{ figures: undefined, trouble: undefined, shown: true },
  };
}

function download(blob: Blob, name: string): void {
  const href = URL.createObjectURL(blob);
  html("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
