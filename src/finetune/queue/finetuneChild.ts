/** The process that runs a fine-tune for a worker: files in, files out. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createEngine } from "../../engines/create.ts";
import { isRecord } from "../../json/isRecord.ts";
import { readJson } from "../../json/readJson.ts";
import { DataError } from "../../tensor/errors.ts";
import { at } from "../../tensor/shapes.ts";
import { runFinetune } from "../finetune.ts";
import { ROLES } from "./inputFiles.ts";
import { pathsOf } from "./inputFolder.ts";
import type { ChildReply, ChildRequest, ChildSettings } from "./protocol.ts";

const settings = JSON.parse(at(process.argv, 2)) as ChildSettings;

const send = (reply: ChildReply): Promise<void> =>
  new Promise((resolve) => process.send?.(reply, () => resolve()));

async function serve({ job, out, inputs }: ChildRequest): Promise<ChildReply> {
  const start = performance.now();
  const engine = await createEngine(settings.engine);
  if (engine.backend !== job.recipe.backend) {
    const message = `expected an engine of the job's backend, ${job.recipe.backend}, got ${engine.backend}`;
    return { kind: "unfit", message };
  }
  const { model = "", ...files } = pathsOf(job, inputs);
  const run = runFinetune({
    // The model keeps its name: what is saved tells it.
    ...{ recipe: { ...job.recipe, ...files }, modelFolder: model, out, engine },
    versions: settings.versions,
  });
  for await (const event of run) {
    if (event.kind !== "step") continue;
    const { stage, step, steps, loss } = event;
    await send({ kind: "finetune", stage, step, steps, loss });
  }
  const path = join(out, "inputs.json");
  const read = readJson(await readFile(path, "utf8"), path);
  for (const role of ROLES)
    if (!isRecord(read) || read[role] !== job.inputs[role])
      throw new DataError(`job.inputs.${role}: expected the digest of its files, got another`);
  const seconds = (performance.now() - start) / 1000;
  return { kind: "done", facts: { seconds, device: engine.description } };
}

process.on("message", (request: ChildRequest) =>
  serve(request)
    .catch((error: unknown): ChildReply => {
      const { message, stack } = error instanceof Error ? error : new Error(String(error));
      return { kind: "failed", message, stack };
    })
    .then(send),
);
// Whoever started it is gone, were it by force: what was not reported is lost to nobody.
process.on("disconnect", () => process.exit());
// Ctrl-C reaches all processes of the terminal; the one that schedules decides what ends.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
