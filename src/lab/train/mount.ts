import { html } from "../dom.ts";
import { parameters, setParameters } from "../location.ts";
import { createPlayer } from "../recorded/player.ts";
import { recordedBox } from "../recorded/recordedBox.ts";
import { recordedRun } from "../recorded/recordedRun.ts";
import { packRun, packWeights, readRun, readRuns } from "../runs/library.ts";
import { runPath } from "../runs/places.ts";
import type { Run } from "../runs/run.ts";
import { openStorage } from "../runs/storage.ts";
import { readSetup, writeSetup } from "../setup/address.ts";
import { type Form, setupForm } from "../setup/form.ts";
import { recipeOf, type Setup } from "../setup/setup.ts";
import { runsTable } from "../views/runsTable.ts";
import type { Shown, View } from "../views/view.ts";
import { beginRun, continueRun, newRun } from "./begin.ts";
import { createConductor } from "./conductor.ts";
import { createControls } from "./controls.ts";
import { download, fileButton, importFile } from "./files.ts";
import { createNotices } from "./notices.ts";
import { createViews, layOut } from "./stage.ts";
import { createStore } from "./store.ts";
import { troubleBox } from "./trouble.ts";

/** Each is drawn in a task of its own. */
const CHARTS = 7;

/** Fills the training page. */
export async function mountTrain(section: HTMLElement): Promise<void> {
  const recording = recordedRun();
  const storage = await openStorage();
  const notices = createNotices();
  const besideLink = createNotices();
  const views = createViews();
  const charts = html("div", { class: "charts" });
  let drawn: readonly View[] = [];
  const store = createStore([
    () => controls.update(conductor.current() ?? store.selected()),
    () => form.mark(conductor.current()),
    () => trouble.update(store.selected()),
    () => recordedNote.update(store.selected()),
    () => views.answers.update(store.shown()),
    () => views.plane.update(played(store.shown())),
    () => views.board.update(store.shown()),
    ...Array.from({ length: CHARTS }, (_, i) => () => drawn[i]?.update(store.shown())),
    () => table.update(store.runs, store.selected()),
  ]);
  const player = createPlayer(store.changed);
  const played = ({ run, others }: Shown): Shown => ({
    run: run?.status === "recorded" ? player.played(run) : run,
    others,
  });
  const conductor = createConductor(store.changed, notices.say, (path, content) =>
    storage.write(path, content),
  );
  /** Of a link; what makes no sense in it is told. */
  const linked = (): Setup => {
    const problems: string[] = [];
    const setup = readSetup(parameters(), (problem) => problems.push(problem));
    besideLink.clear();
    if (problems.length > 0)
      besideLink.show(
        `This link is not quite right: ${problems.join("; ")}. The study's own is taken.`,
      );
    return setup;
  };
  const form = setupForm(linked(), (setup) => {
    setParameters((p) => writeSetup(p, setup));
    void lookForBase();
  });
  const lookForBase = (): Promise<void> =>
    attempt("The base model could not be looked for", () => tellBase(form));
  addEventListener("hashchange", () => {
    form.set(linked());
    void lookForBase();
  });

  /** Says what went wrong rather than nothing. */
  const attempt = (what: string, work: () => Promise<void>): Promise<void> =>
    work().catch((error: Error) => notices.show(`${what}: ${error.message}`));
  const goOn = (run: Run): void => {
    store.select(run);
    continueRun(conductor, run);
  };
  const trouble = troubleBox(goOn);
  const controls = createControls({
    start: () =>
      attempt("The run could not begin", async () => {
        const run = await newRun(storage, form.get());
        store.add(run);
        store.select(run);
        beginRun(conductor, run, form.get());
      }),
    pause: () => conductor.order("pause"),
    go: () => conductor.order("go"),
    step: () => conductor.order("step"),
    stop: () => conductor.order("stop"),
  });
  const table = runsTable({
    select: store.select,
    toggle(run, shown) {
      run.shown = shown;
      store.changed();
    },
    goOn,
    share: ({ address }) =>
      attempt("The link could not be copied", async () => {
        await navigator.clipboard.writeText(`${location.href.split("#")[0]}#${address}`);
        notices.say("The link is in the clipboard.");
      }),
    save: ({ name }) =>
      attempt("The run could not be saved", async () =>
        download(await packRun(storage, name), `${name}.zip`),
      ),
    weights: (run) =>
      attempt("The weights could not be saved", async () => {
        const { blob, file } = await packWeights(storage, run);
        download(blob, file);
      }),
    remove(run) {
      if (!confirm(`Delete ${run.name}? It cannot be brought back, unless it was saved.`)) return;
      attempt("The run could not be removed", async () => {
        await storage.removeFolder(runPath(run.name));
        store.remove(run);
        if (!store.selected()) store.select(await recording);
      });
    },
  });
  // What is wrong with a file is said where it was chosen.
  const besideFile = createNotices();
  const open = fileButton("Open a file …", ".zip,.safetensors", (file) => {
    const wrong = (error: Error): void =>
      besideFile.show(`The file could not be read. ${error.message}`);
    besideFile.clear();
    (async () => {
      const { kind, name } = await importFile(storage, file);
      if (kind === "base") notices.say(`${name} is kept as a base model.`);
      else {
        const run = await readRun(storage, name, false);
        store.add(run);
        store.select(run);
      }
    })().catch(wrong);
  });
  const settings = html(
    "details",
    {
      class: "settings",
      open: parameters().has("recipe") && matchMedia("(min-width: 60rem)").matches,
    },
    html("summary", {}, "Settings"),
    form.element,
  );
  const recordedNote = recordedBox({
    play: () =>
      attempt("The recorded run could not be shown", async () => {
        store.select(await recording);
        player.play();
      }),
    tryIt() {
      settings.open = true;
      controls.focus();
    },
  });
  const stage = layOut({
    ...{ views, charts, recorded: recordedNote.element, controls: controls.element, settings },
    notices: [besideLink.element, notices.element, trouble.element],
    library: [table.element, open, besideFile.element],
  });
  section.append(stage);
  const looked = lookForBase();

  if (!storage.lasting)
    notices.show("This window keeps no files: runs go when it is closed. Save those you want.");
  const { runs, damaged } = await readRuns(storage);
  for (const run of runs) store.add(run);
  for (const text of damaged) notices.show(`A run could not be read. ${text}`);
  if (runs.length > 0) store.select(runs.at(-1));
  else {
    store.select(await recording);
    player.play();
  }
  // What stands below comes when the first view is there.
  await looked;
  performance.mark("ready");
  const { createCharts } = await import("./charts.ts");
  drawn = createCharts(storage);
  charts.append(...drawn.map(({ element }) => element));
  store.changed();
  addEventListener("beforeunload", (event) => {
    // Asks before a tab is closed in the middle of a run.
    if (conductor.current()) event.preventDefault();
  });
}

/** Says whether a run must pre-train first. */
async function tellBase(form: Form): Promise<void> {
  const { hasBase } = await import("../bases/bases.ts");
  const setup = form.get();
  const there = !setup.scratch && (await hasBase(recipeOf(setup), setup.seed));
  form.tell(there ? "Its base comes with the page." : "Its base is pre-trained first, then kept.");
}
