import { html } from "../dom.ts";

/** What the page has to say: aloud to screen readers, and in sight where people must know. */
export interface Notices {
  readonly element: HTMLElement;
  /** For screen readers alone. */
  say(text: string): void;
  /** In sight until it is closed. */
  show(text: string): void;
  /** Takes away what is in sight: it is so no more. */
  clear(): void;
}

export function createNotices(): Notices {
  const spoken = html("p", { class: "unseen", role: "status" });
  const seen = html("div", { class: "notices", role: "alert" });
  return {
    element: html("div", {}, spoken, seen),
    say(text) {
      spoken.textContent = text;
    },
    show(text) {
      const close = html("button", { type: "button", class: "small", "aria-label": "Close" }, "✕");
      const notice = html("p", { class: "notice" }, text, " ", close);
      close.addEventListener("click", () => notice.remove());
      seen.append(notice);
    },
    clear: () => seen.replaceChildren(),
  };
}
