import { join } from "node:path";
import { numericsOf } from "../../engines/numerics.ts";
import type { Params } from "../../nn/config.ts";
import { openDirectory } from "../files/directory.ts";
import { sftCache } from "../files/sftCache.ts";
import { saveAdapter, saveModel } from "../save.ts";
import { courseOf, planOf, timeOf } from "./course.ts";
import type { FinetuneEvent, SavedEvent } from "./events.ts";
import { type FinetuneOptions, type PreparedHere, prepare } from "./prepare.ts";

/** Fine-tunes as a recipe says, in a folder; see `runFinetune`. */
export async function* run(options: FinetuneOptions): AsyncGenerator<FinetuneEvent, void> {
  const prepared = await prepare(options);
  const { engine, recipe, inputs } = prepared;
  const { out, signal = new AbortController().signal } = options;
  try {
    const plan = planOf(prepared, options.versions ?? { node: process.versions.node });
    if (options.dryRun) {
      yield plan;
      yield await timeOf(prepared);
      return;
    }
    const numerics = numericsOf(engine);
    const directory = await openDirectory(out, { recipe, inputs, numerics });
    try {
      const place = {
        ...{ directory, sftCache: sftCache(out, recipe, inputs, numerics) },
        save: (params: Params) => save(prepared, options, params),
      };
      const isReported = directory.standing.stage === "done";
      for await (const event of courseOf({ prepared, place, plan, signal })) {
        if (event.kind === "finished" && !isReported) await options.report?.(out);
        yield event;
      }
    } finally {
      await directory.close();
    }
  } finally {
    if (!options.engine) await engine.close();
  }
}

async function save(
  { engine, adapter, loaded, recipe }: PreparedHere,
  { out, modelFolder }: FinetuneOptions,
  params: Params,
): Promise<SavedEvent> {
  const what = adapter ? "adapter" : "model";
  const folder = join(out, what);
  if (adapter) {
    const base = modelFolder === undefined ? loaded.folder : recipe.model;
    await saveAdapter(folder, { adapter, params }, { engine, base });
  } else await saveModel(folder, { ...loaded, params }, { engine });
  return { kind: "saved", what, path: what };
}
