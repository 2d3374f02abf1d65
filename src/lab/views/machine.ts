import { count } from "../../report/format.ts";
import { html } from "../dom.ts";
import type { View } from "./view.ts";

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** What trains, and how fast. */
export function machineView(): View {
  const list = html("dl", { class: "machine" });
  const element = html(
    "section",
    { class: "chart wide" },
    html("h3", {}, "The machine"),
    list,
    html(
      "p",
      { class: "muted" },
      "Everything runs on this device: nothing is sent anywhere. Times are means since the method’s first steps, of training alone, without evaluation.",
    ),
  );
  return {
    element,
    update({ run }) {
      // A recorded run says nothing of this machine.
      element.hidden = run?.status === "recorded";
      const figures = run?.figures;
      const launches =
        figures?.step["launches"] ?? figures?.step["instructions"] ?? figures?.step["steps"];
      const rows: readonly (readonly [string, string | undefined])[] = [
        ["Engine", run?.backend],
        ["Device", run?.device],
        ["Taken because", run?.reason],
        ["Speed", figures && `${count(figures.tokensPerSecond)} tokens/s`],
        ["Time a step", figures && `${figures.stepTime.toFixed(1)} ms`],
        [
          "Memory",
          figures &&
            `${megabytes(figures.memory.bytes)} (peak ${megabytes(figures.memory.peakBytes)})`,
        ],
        ["Launches a step", launches === undefined ? undefined : count(launches)],
      ];
      list.replaceChildren(
        ...rows.map(([name, value]) =>
          html("div", {}, html("dt", {}, name), html("dd", {}, value || "–")),
        ),
      );
    },
  };
}
