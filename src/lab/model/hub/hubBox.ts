import { bytes } from "../../../report/format.ts";
import { html } from "../../dom.ts";
import { startHubWorker } from "../../worker/start.ts";
import { keptPath, markWhole } from "../keptModels.ts";
import type { ModelSource } from "../protocol.ts";
import { checkName, type HubModel, sizeOfModel } from "./listing.ts";
import type { PullAsk, PullTell } from "./pulling.ts";

export interface Hub {
  readonly element: HTMLElement;
}

/** Pulls a model of the Hub into the page's storage: its size is asked about before. */
export function hubBox(pulled: (source: ModelSource) => void): Hub {
  const name = html("input", {
    ...{ type: "text", placeholder: "org/name", autocomplete: "off", spellcheck: "false" },
    "aria-label": "Model of the Hub",
  });
  const status = html("p", { role: "status", class: "muted" });
  const bar = html("progress", { max: 1, value: 0, hidden: true, "aria-label": "Pulled" });
  const actions = html("div", { class: "row" });
  let worker: Worker | undefined;

  function end(): void {
    worker?.terminate();
    worker = undefined;
    bar.hidden = true;
  }
  function ask(question: PullAsk, answer: (told: PullTell) => void): void {
    worker ??= startHubWorker();
    worker.onmessage = ({ data }: MessageEvent<PullTell>) => {
      if (data.kind === "failed") {
        end();
        offer();
        status.textContent = data.message;
      } else answer(data);
    };
    worker.onerror = ({ message }) => {
      end();
      offer();
      status.textContent = message || "The download has failed.";
    };
    worker.postMessage(question);
  }
  const button = (text: string, action: () => void): HTMLElement =>
    html("button", { type: "button", onclick: action }, text);

  function offer(): void {
    actions.replaceChildren(button("Look it up", look));
  }
  function look(): void {
    try {
      const wanted = checkName(name.value);
      status.textContent = `Asking the Hub about ${wanted} …`;
      ask({ kind: "ask", name: wanted }, (told) => {
        if (told.kind === "model") void confirmSize(told.model);
      });
    } catch (error) {
      status.textContent = (error as Error).message;
    }
  }
  async function confirmSize(model: HubModel): Promise<void> {
    const size = sizeOfModel(model);
    const { quota = 0, usage = 0 } = await navigator.storage.estimate();
    const room = quota - usage;
    if (size > room) {
      status.textContent = `${model.name} is ${bytes(size)}; this browser has room for ${bytes(room)}.`;
      return;
    }
    status.textContent = `${model.name} is ${bytes(size)} in ${model.files.length} files, to be kept in this browser.`;
    actions.replaceChildren(
      button(`Pull ${bytes(size)}`, () => pull(model)),
      button("Not now", () => {
        end();
        status.textContent = "";
        offer();
      }),
    );
  }
  function pull(model: HubModel): void {
    const folder = keptPath(model.name, model.commit);
    const size = sizeOfModel(model);
    bar.hidden = false;
    actions.replaceChildren(
      button("Stop", () => {
        end();
        status.textContent = "Stopped. What has come is kept: pulling it again goes on.";
        offer();
      }),
    );
    ask({ kind: "pull", model, folder }, (told) => {
      if (told.kind === "progress") {
        bar.value = told.done / size;
        status.textContent = `${bytes(told.done)} of ${bytes(size)}`;
      } else if (told.kind === "pulled") {
        end();
        offer();
        status.textContent = "";
        markWhole(folder).then(() => pulled({ name: model.name, kept: folder }));
      }
    });
  }
  offer();
  return {
    element: html(
      "details",
      { class: "hub" },
      html("summary", {}, "Pull one from the Hub"),
      html(
        "p",
        { class: "muted" },
        "Only this asks another server than the page's: huggingface.co.",
      ),
      html("div", { class: "row" }, name, actions),
      bar,
      status,
    ),
  };
}
