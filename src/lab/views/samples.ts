import { html } from "../dom.ts";
import { inWords, judged } from "../opening/words.ts";
import { baseRow, tunedRows } from "../runs/run.ts";
import type { Sample } from "../worker/protocol.ts";
import { shortName } from "./colors.ts";
import type { View } from "./view.ts";

/** What each model answers, before and after. */
export function samplesView(): View {
  const stage = html("div", {
    class: "scroll",
    tabindex: 0,
    role: "region",
    "aria-label": "Answers",
  });
  const element = html(
    "section",
    { class: "chart samples" },
    html("h3", {}, "What the models say"),
    stage,
    html(
      "p",
      { class: "muted" },
      "Answers token by token, the likeliest each time. Symbols that are wrong are underlined. The training data end in random letters; a model that takes the habit over adds letters to everything.",
    ),
  );
  let drawn = "";
  return {
    element,
    update({ run }) {
      const rows = run ? [baseRow(run), ...tunedRows(run)] : [];
      const known = rows.filter(({ id }) => run?.samples[id]);
      const now = `${run?.name} ${known.map(({ id }) => id).join()}`;
      if (now === drawn) return;
      drawn = now;
      const first = run?.samples[known[0]?.id ?? ""] ?? [];
      if (first.length === 0) {
        stage.replaceChildren(
          html("p", { class: "empty" }, "Appears when the base has been examined."),
        );
        return;
      }
      stage.replaceChildren(
        html(
          "table",
          {},
          html("caption", { class: "unseen" }, "Answers of each model to the same questions"),
          html(
            "thead",
            {},
            html(
              "tr",
              {},
              ...["Question", "Right answer", ...known.map(shortName)].map((name) =>
                html("th", { scope: "col" }, name),
              ),
            ),
          ),
          html(
            "tbody",
            {},
            ...first.map(({ skill, prompt, expected }, i) =>
              html(
                "tr",
                { class: skill === "target" ? "target" : undefined },
                html(
                  "th",
                  { scope: "row" },
                  html("span", { class: "muted block" }, inWords({ prompt })),
                  html("span", { class: "mono" }, prompt.join(" ")),
                ),
                html("td", { class: "mono" }, expected.join(" ")),
                ...known.map(({ id }) =>
                  html("td", { class: "mono" }, spoken(run?.samples[id]?.[i])),
                ),
              ),
            ),
          ),
        ),
      );
    },
  };
}

/** An answer, what is wrong in it marked. */
function spoken(sample: Sample | undefined): Node {
  if (!sample) return html("span", {}, "–");
  const { expected } = sample;
  const { heard, words } = judged(sample);
  const symbols = heard.flatMap((symbol, i) => [
    symbol === expected[i] ? symbol : html("u", { class: "wrong" }, symbol),
    " ",
  ]);
  const right = words === "right";
  return html(
    "span",
    { class: right ? "right" : undefined },
    ...symbols,
    html("span", { class: "unseen" }, right ? "(right)" : "(wrong)"),
  );
}
