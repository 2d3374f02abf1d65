import "./model.css";
import type { Backend } from "../../engines/create.ts";
import type { FinetuneEvent } from "../../finetune/train/events.ts";
import { html } from "../dom.ts";
import { download } from "../train/files.ts";
import { startWorker } from "../worker/start.ts";
import { type Lesson, learnBox } from "./learnBox.ts";
import { lessonView, planText } from "./lessonView.ts";
import { openBox } from "./openBox.ts";
import type { AboutModel, Ask, Tell } from "./protocol.ts";
import { talkBox } from "./talkBox.ts";

/** A core is left to the page, so that it stays smooth. */
const threads = (): number => Math.max(1, Math.min(8, navigator.hardwareConcurrency - 1));

/** Fills an element with what one can do with a model of one's own: open, talk, teach, save. */
export function mountModel(element: HTMLElement): void {
  let about: AboutModel | undefined;
  let lesson: Lesson | undefined;
  let plan: Extract<FinetuneEvent, { kind: "plan" }> | undefined;
  const worker = startWorker("model");
  const ask = (question: Ask): void => worker.postMessage(question);

  /** Something is computed until the thread says that it is idle. */
  function begin(question: Ask): void {
    busy(true);
    ask(question);
  }
  function busy(is: boolean): void {
    talk.busy(is);
    learn.busy(is);
  }
  const stop = (): void => ask({ kind: "stop" });
  const open = openBox((source, engine: Backend) =>
    begin({ kind: "open", source, engine, threads: threads() }),
  );
  const talk = talkBox({
    ...{ stop, forget: () => ask({ kind: "forget" }) },
    say: (voices, text) => begin({ kind: "say", voices, text }),
  });
  const view = lessonView();
  const report = html("button", { type: "button", hidden: true }, "Save the report");
  report.addEventListener("click", async () => {
    const { reportOf } = await import("../../finetune/report/page.ts");
    download(new Blob([reportOf(view.files())], { type: "text/html" }), "report.html");
  });
  const learn = learnBox({
    stop,
    plan(next) {
      lesson = next;
      plan = undefined;
      learn.ready(false);
      learn.say("Reading the data …");
      begin({ kind: "plan", ...next });
    },
    train() {
      if (!lesson || !about) return;
      const { recipe, data, retain } = lesson;
      const names = { model: about.name, data: data.name, ...(retain && { retain: retain.name }) };
      view.begin({ ...recipe, ...names, backend: about.backend });
      learn.adapter(undefined, "");
      report.hidden = true;
      begin({ kind: "train" });
    },
  });

  function hear(told: Tell): void {
    switch (told.kind) {
      case "opened":
        about = told.about;
        open.show(about);
        learn.element.hidden = false;
        learn.adapter(undefined, "");
        break;
      case "voices":
        talk.offer(told.voices, about?.hasChat ?? false);
        break;
      case "heard":
      case "answered":
        talk.hear(told);
        break;
      case "planned":
        if (plan) learn.say(planText(plan, told.seconds));
        learn.ready(true);
        break;
      case "event":
        hearEvent(told.event);
        break;
      case "adapter":
        learn.adapter(told.files, `${about?.name.split("/").at(-1) ?? "model"}-adapter`);
        break;
      case "failed":
        fail(told);
        break;
      case "idle":
        busy(false);
    }
  }
  function hearEvent(event: FinetuneEvent): void {
    if (event.kind === "plan") plan = event;
    if (event.kind === "finished") report.hidden = false;
    view.hear(event);
  }
  function fail({ doing, message }: Extract<Tell, { kind: "failed" }>): void {
    if (doing === "open") open.say(message);
    else if (doing === "talk") open.say(`It could not answer: ${message}`);
    else learn.say(message);
  }
  worker.onmessage = ({ data }: MessageEvent<Tell>) => hear(data);
  worker.onerror = ({ message }) => {
    busy(false);
    open.say(`The thread that holds the model has failed: ${message}`);
  };
  element.replaceChildren(
    html(
      "div",
      { class: "model" },
      html("h2", {}, "Your own model, in this tab"),
      html(
        "p",
        {},
        "Open a checkpoint, talk with it, teach it conversations without letting it forget, and save what it learned. Everything stays on this device.",
      ),
      open.element,
      talk.element,
      learn.element,
      view.element,
      report,
    ),
  );
}
