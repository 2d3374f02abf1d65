import type { FinetuneEvent } from "./train/events.ts";
import type { FinetuneOptions } from "./train/prepare.ts";

/**
 * Fine-tunes a checkpoint as a recipe says, and keeps everything in a folder: `recipe.json`,
 * `metrics.jsonl` (a line for each event), `checkpoints/`, and at the end `adapter/` or `model/`.
 * SFT comes first where the method needs it, and is kept beside the folder for other runs. A run that
 * was stopped, even by force, goes on to the same bits when it is called again. Node only.
 * @returns what happens, as it happens
 * @throws DataError for files and recipes that cannot be used, for a folder of another run, and with
 *   the numbers where the memory is too small
 * @example
 * const recipe = { model: "SmolLM2-135M-Instruct", data: "mine.jsonl", retain: "prior.jsonl" };
 * for await (const event of runFinetune({ recipe, out: "runs/mine" }))
 *   if (event.kind === "look") console.log(event.stage, event.set, event.kl);
 */
export async function* runFinetune(options: FinetuneOptions): AsyncGenerator<FinetuneEvent, void> {
  const { run } = await import("./train/run.ts");
  yield* run(options);
}
