import { nextTask } from "../nextTask.ts";

/** Where training waits between two measurements. */
export interface Gate {
  pause(): void;
  go(): void;
  /** Lets one measurement through and waits again. */
  step(): void;
  stop(): void;
  /**
   * Lets messages in, and waits while training is paused.
   * @returns false when training is to stop
   */
  pass(): Promise<boolean>;
}

type Mode = "going" | "waiting" | "stopped";

/** @param changed is told when training begins to wait and when it goes on */
export function createGate(changed: (waiting: boolean) => void): Gate {
  let mode: Mode = "going";
  let credit = 0;
  let wake = (): void => {};
  const now = (): Mode => mode;
  const set = (next: Mode): void => {
    if (mode !== "stopped") mode = next;
    wake();
  };
  return {
    pause: () => set("waiting"),
    go: () => set("going"),
    step: () => {
      credit++;
      set("waiting");
    },
    stop: () => set("stopped"),
    async pass() {
      await nextTask();
      if (now() !== "waiting") return now() === "going";
      changed(true);
      while (now() === "waiting" && credit === 0)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      if (credit > 0) credit--;
      if (now() === "going") changed(false);
      return now() !== "stopped";
    },
  };
}
