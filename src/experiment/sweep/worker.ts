/** The process that runs jobs one after the other; it is started by the local scheduler. */

import { createEngine } from "../../engines/create.ts";
import { errorText } from "../../json/reasons.ts";
import { at } from "../../tensor/shapes.ts";
import { checkpointFolder } from "../../weights/files.ts";
import type { Reply, Request, WorkerOptions } from "./protocol.ts";
import { onlyNeeded, runJob } from "./runJob.ts";

const options = JSON.parse(at(process.argv, 2)) as WorkerOptions;
const engine = await createEngine(options.engine);
const pretrained = checkpointFolder(options.pretrained);

const send = (reply: Reply): Promise<void> =>
  new Promise((resolve) => process.send?.(reply, () => resolve()));

async function serve(request: Request): Promise<void> {
  const { job, checkpoints: folder, keepWeights } = request;
  // Whoever asked removes what is finished, when the row is recorded: not before.
  const unfinished = { ...checkpointFolder(request.unfinished), remove: async () => {} };
  const all = checkpointFolder(folder);
  const checkpoints = keepWeights ? all : onlyNeeded(all, job.recipe);
  const { place } = options;
  const stores = { checkpoints, pretrained, unfinished, ...(place && { place }) };
  try {
    for await (const measurement of runJob(engine, job, stores))
      await send({ kind: "measured", measurement });
    await send({ kind: "done" });
  } catch (error) {
    const { stack } = error instanceof Error ? error : new Error(String(error));
    await send({ kind: "failed", message: errorText(error), stack });
  }
}

process.on("message", (request: Request) => void serve(request));
// Whoever started it is gone, were it by force: what was not reported is lost to nobody.
process.on("disconnect", () => process.exit());
// Ctrl-C reaches all processes of the terminal; the one that schedules decides what ends.
process.on("SIGINT", () => {});
// So do clusters that end all processes of a job.
process.on("SIGTERM", () => {});
