import type { Stage } from "../../finetune/files/directory.ts";
import type { Place } from "../../finetune/train/course.ts";
import type { Line } from "../../finetune/train/events.ts";
import type { Params } from "../../nn/config.ts";

/** A run's place that lasts as long as the tab. */
export interface TabPlace extends Place {
  /** What SFT came to, on the host, once it has ended. */
  sft(): Params | undefined;
}

/** @param save keeps what was trained */
export function tabPlace(save: (params: Params) => Promise<void>): TabPlace {
  const lines: Line[] = [];
  let stage: Stage = "base";
  let sft: Params | undefined;
  return {
    directory: {
      path: "this tab",
      get standing() {
        return { stage, bytes: 0 };
      },
      resume: async () => undefined,
      log: async (line) => {
        lines.push(line);
      },
      lines: async () => lines,
      // A tab that closes takes its memory along: there is nothing to go on from.
      keep: async () => {},
      enter: async (next) => {
        stage = next;
      },
    },
    sftCache: {
      path: "this tab",
      load: async () => undefined,
      save: async ({ params }) => {
        sft = params;
      },
    },
    async save(params) {
      await save(params);
      return { kind: "saved", what: "adapter", path: "adapter" };
    },
    sft: () => sft,
  };
}
