import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { withResolvers } from "../../jobs/withResolvers.ts";
import type { medcalc } from "../../tasks/index.ts";
import { DataError } from "../../tensor/errors.ts";
import { checkParquet } from "../../text/parquet/read.ts";

/** A file has so many milliseconds, and more for each of its megabytes. */
const [DEADLINE, PER_MEGABYTE] = [5_000, 1_000];

/** And so many megabytes of memory, and more for each of its own. */
const [MEMORY, TIMES] = [256, 64];

/** Runs as a text, so that it is the same from source and built. */
const CODE = `
const { parentPort, workerData } = require("node:worker_threads");
import(workerData.library)
  .then(({ parquetReadObjects }) => parquetReadObjects({ file: workerData.file }))
  .then(
    (rows) => parentPort.postMessage({ rows }),
    (error) => parentPort.postMessage({ reason: String(error?.message ?? error) }),
  );
`;

type Reply = { readonly rows: readonly Record<string, unknown>[] } | { readonly reason: string };

/**
 * Reads parquet in a thread of its own, with a deadline and a limit of memory: the sizes in a file
 * are believed no longer than that.
 * @throws DataError for a file that cannot be read in time; the signal's reason where it comes first
 */
export const guardedParquet =
  (signal?: AbortSignal, deadline: number = DEADLINE): medcalc.ParquetReader =>
  async (bytes) => {
    signal?.throwIfAborted();
    await checkParquet(bytes);
    signal?.throwIfAborted();
    const megabytes = bytes.length / 2 ** 20;
    const library = pathToFileURL(createRequire(import.meta.url).resolve("hyparquet")).href;
    const worker = new Worker(CODE, {
      eval: true,
      workerData: { library, file: bytes.slice().buffer },
      resourceLimits: { maxOldGenerationSizeMb: MEMORY + Math.ceil(TIMES * megabytes) },
    });
    const { promise, resolve, reject } = withResolvers<Reply>();
    worker.once("message", resolve);
    worker.once("error", ({ message }) => reject(new DataError(message)));
    worker.once("exit", () => reject(new DataError("its reader ended")));
    const time = deadline + PER_MEGABYTE * megabytes;
    const late = new DataError(
      `nothing that can be read within ${Math.round(time / 1000)} seconds`,
    );
    const timer = setTimeout(() => reject(late), time);
    const stop = (): void => reject(signal?.reason);
    signal?.addEventListener("abort", stop);
    try {
      const reply = await promise;
      if ("reason" in reply) throw new DataError(reply.reason);
      return reply.rows;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      await worker.terminate();
    }
  };
