import { html } from "../dom.ts";
import type { Tell, Voice } from "./protocol.ts";

const voiceNames: Readonly<Record<Voice, string>> = {
  base: "As it came",
  sft: "Ordinary fine-tuning",
  student: "The method",
};

/** What each voice is drawn in. */
const voiceColors: Readonly<Record<Voice, string>> = {
  base: "base",
  sft: "sft",
  student: "anchored",
};

export interface TalkBox {
  readonly element: HTMLElement;
  /** Who can be talked with. */
  offer(voices: readonly Voice[], hasChat: boolean): void;
  hear(told: Extract<Tell, { kind: "heard" | "answered" }>): void;
  /** Whether something is being computed. */
  busy(is: boolean): void;
}

const ends: Readonly<Record<string, string>> = {
  length: "… (as long as answers get here)",
  full: "… (the model's context is full: begin anew)",
  stopped: "… (stopped)",
};

/** One question to every voice, their answers side by side. */
export function talkBox(actions: {
  readonly say: (voices: readonly Voice[], text: string) => void;
  readonly forget: () => void;
  readonly stop: () => void;
}): TalkBox {
  const log = html("div", { class: "talk", "aria-live": "polite" });
  const text = html("textarea", { rows: 2, "aria-label": "What to say" });
  const ask = html("button", { type: "submit", class: "primary" }, "Ask");
  const stop = html("button", { type: "button", disabled: true, onclick: actions.stop }, "Stop");
  const anew = html(
    "button",
    {
      type: "button",
      onclick: () => {
        actions.forget();
        log.replaceChildren();
      },
    },
    "Begin anew",
  );
  const about = html("p", { class: "muted" });
  let voices: readonly Voice[] = [];
  let answers = new Map<Voice, HTMLElement>();

  function submit(event: Event): void {
    event.preventDefault();
    const question = text.value.trim();
    if (question === "" || voices.length === 0) return;
    answers = new Map(voices.map((voice) => [voice, html("p", { class: "said" })]));
    log.append(
      html("p", { class: "asked" }, question),
      html(
        "div",
        { class: "voices" },
        ...voices.map((voice) =>
          html(
            "div",
            { class: `voice ${voiceColors[voice]}` },
            html("strong", {}, voiceNames[voice]),
            answers.get(voice),
          ),
        ),
      ),
    );
    text.value = "";
    actions.say(voices, question);
  }
  const form = html(
    "form",
    { onsubmit: submit },
    text,
    html("div", { class: "row" }, ask, stop, anew),
  );
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) submit(event);
  });
  const element = html(
    "section",
    { "aria-label": "Talk", hidden: true },
    html("h3", {}, "2. Talk with it"),
    about,
    log,
    form,
  );
  return {
    element,
    offer(next, hasChat) {
      if (next.join() !== voices.join()) log.replaceChildren();
      voices = next;
      element.hidden = next.length === 0;
      about.textContent = hasChat
        ? "The likeliest answer, token by token; all voices hear the same conversation."
        : "This model has no chat template: it goes on with the text.";
    },
    hear(told) {
      const said = answers.get(told.voice);
      if (told.kind === "heard") said?.append(told.piece);
      else said?.append(ends[told.end] ?? "");
    },
    busy(is) {
      ask.disabled = is;
      anew.disabled = is;
      stop.disabled = !is;
    },
  };
}
