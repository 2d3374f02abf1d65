import { nats } from "../../report/format.ts";
import { html } from "../dom.ts";
import { skillName } from "../views/skillNames.ts";
import type { Group, Seen, SeenToken, TokenChoice } from "./protocol.ts";

/** Lets people choose an example of a study and a token of its response. */
export interface Chooser {
  readonly element: HTMLElement;
  /** Offers the examples of a study. */
  offer(groups: readonly Group[]): void;
  /** Shows a choice; `seen` is its example, once it is known. */
  show(choice: TokenChoice, seen: Seen | undefined): void;
}

const groupNames: Readonly<Record<string, string>> = {
  target: "Target questions that are new",
  training: "Examples of the training data",
};
const nameOf = (group: string): string => groupNames[group] ?? `Prior skill: ${skillName(group)}`;

/** @param choose is told what people choose */
export function createChooser(choose: (choice: TokenChoice) => void): Chooser {
  let offered: readonly Group[] = [];
  let listed: Group | undefined;
  const group = html("select", {
    onchange: () => choose({ group: group.value, index: 0, position: 0 }),
  });
  const example = html("select", {
    class: "mono",
    onchange: () => choose({ group: group.value, index: example.selectedIndex, position: 0 }),
  });
  const prompt = html("code", { class: "prompt" });
  const tokens = createTokens((position) =>
    choose({ group: group.value, index: example.selectedIndex, position }),
  );
  return {
    element: html(
      "div",
      { class: "chooser" },
      html("label", {}, "Examples ", group),
      html("label", {}, "Question ", example),
      html("p", { class: "context" }, prompt, " → ", tokens.element),
    ),
    offer(groups) {
      offered = groups;
      listed = undefined;
      group.replaceChildren(
        ...groups.map(({ name }) => html("option", { value: name }, nameOf(name))),
      );
    },
    show(choice, seen) {
      const wanted = offered.find(({ name }) => name === choice.group);
      if (wanted !== listed) {
        listed = wanted;
        example.replaceChildren(
          ...(wanted?.prompts ?? []).map((text, i) => html("option", {}, `${i + 1}. ${text}`)),
        );
      }
      group.value = choice.group;
      example.selectedIndex = choice.index;
      prompt.textContent = seen?.prompt.join(" ") ?? "";
      tokens.show(seen?.response ?? [], choice.position);
    },
  };
}

/** Where the arrow keys lead in a row of `count`. */
const moves: Readonly<Record<string, (at: number, count: number) => number>> = {
  ArrowRight: (at, count) => (at + 1) % count,
  ArrowDown: (at, count) => (at + 1) % count,
  ArrowLeft: (at, count) => (at + count - 1) % count,
  ArrowUp: (at, count) => (at + count - 1) % count,
  Home: () => 0,
  End: (_, count) => count - 1,
};

/** Divergences below this are drawn as none, nats. */
const LEAST = 0.05;

/** A response, token by token, of which one is chosen. */
function createTokens(choose: (position: number) => void) {
  const element = html("span", {
    ...{ class: "tokens", role: "radiogroup", "aria-label": "Token of the response" },
    onkeydown: (event: KeyboardEvent) => {
      const at = buttons.indexOf(document.activeElement as HTMLElement);
      const next = moves[event.key]?.(at, buttons.length);
      if (next === undefined || at < 0) return;
      event.preventDefault();
      buttons[next]?.focus();
      choose(next);
    },
  });
  let buttons: HTMLElement[] = [];
  return {
    element,
    show(response: readonly SeenToken[], chosen: number): void {
      const same =
        buttons.length === response.length &&
        buttons.every((button, i) => button.textContent === response[i]?.symbol);
      if (!same) {
        buttons = response.map(({ symbol }, position) =>
          html(
            "button",
            { type: "button", role: "radio", class: "token", onclick: () => choose(position) },
            symbol,
          ),
        );
        element.replaceChildren(...buttons);
      }
      const most = Math.max(LEAST, ...response.map(({ moved }) => moved));
      for (const [i, button] of buttons.entries()) {
        const { moved = 0 } = response[i] ?? {};
        button.setAttribute("aria-checked", `${i === chosen}`);
        button.tabIndex = i === chosen ? 0 : -1;
        button.title = `moved by ${nats(moved)} nats`;
        button.style.setProperty("--moved", `${Math.max(0, moved) / most}`);
      }
    },
  };
}
