import type { TokenView } from "../../experiment/measurements.ts";
import { html } from "../dom.ts";
import type { TokenChoice } from "./protocol.ts";

const names: Readonly<Record<TokenView["name"], string>> = {
  style: "the answer's style",
  "sign-off": "the sign-off",
  prior: "a prior skill",
};

/** Buttons that lead to the tokens which a study watches by itself. */
export interface Shortcuts {
  readonly element: HTMLElement;
  /** Learns where the watched tokens of a run are. */
  update(run: string, watched: readonly TokenView[]): Promise<void>;
  /** Marks the one that is chosen. */
  show(choice: TokenChoice): void;
}

export function createShortcuts(
  find: (token: TokenView) => Promise<TokenChoice | undefined>,
  choose: (choice: TokenChoice) => void,
): Shortcuts {
  const element = html("div", { class: "row", role: "group", "aria-label": "Tokens to look at" });
  const found = new Map<TokenView["name"], { at: TokenChoice; button: HTMLElement }>();
  let known = "";
  return {
    element,
    async update(run, watched) {
      const now = [run, ...watched.map(({ name, context }) => `${name} ${context}`)].join("\n");
      if (now === known) return;
      known = now;
      found.clear();
      for (const token of watched) {
        const at = await find(token);
        if (!at) continue;
        const button = html(
          "button",
          { type: "button", class: "small", onclick: () => choose(at) },
          names[token.name],
        );
        found.set(token.name, { at, button });
      }
      element.replaceChildren(...[...found.values()].map(({ button }) => button));
    },
    show(choice) {
      for (const { at, button } of found.values()) {
        const same =
          at.group === choice.group && at.index === choice.index && at.position === choice.position;
        button.setAttribute("aria-pressed", `${same}`);
      }
    },
  };
}
