import { visible } from "../../report/escape.ts";
import { count } from "../../report/format.ts";
import { DataError } from "../../tensor/errors.ts";
import { FetchError } from "../../weights/hub/fetchFile.ts";
import { hubLocation } from "../../weights/hub/location.ts";
import { pull as pullModel } from "../../weights/hub/pull.ts";
import { createDownloadBar } from "../download/bar.ts";
import type { Command, Terminal } from "../terminal/command.ts";
import { describeKnobs, readArguments, text } from "../terminal/knobs.ts";
import { UsageError } from "../terminal/usage.ts";

const knobs = {
  revision: text("<name>", "a branch, a tag or a commit (default: main)"),
};

const usage = `anchorgrad pull <org/name> [options]: fetches a model's files from the Hub

  npx anchorgrad pull HuggingFaceTB/SmolLM2-135M-Instruct

They go to the cache that huggingface_hub uses, and the folder is printed; what is there is not
fetched again, and a download that broke off goes on where it stopped.

Options
${describeKnobs(knobs)}
Environment: HF_ENDPOINT, HF_HOME, HF_HUB_CACHE, HF_TOKEN, HF_HUB_OFFLINE, as huggingface_hub reads
them.
`;

/**
 * Brings a model of the Hub into the cache.
 * @returns its folder; undefined when interrupted
 * @throws DataError saying what the Hub refuses and what to do
 */
export async function pulled(
  model: string,
  { err, fetch, signal }: Terminal,
  revision?: string,
): Promise<string | undefined> {
  const location = await hubLocation(process.env);
  const bar = createDownloadBar(err);
  try {
    const done = await pullModel(model, {
      ...{ location, fetch, signal, onProgress: bar.show },
      ...(revision !== undefined && { revision }),
      onFile: ({ path, size, cached }) => {
        bar.close();
        if (!cached)
          err.write(
            `${visible(`${model}/${path}`)}${size === undefined ? "" : `: ${count(size)} bytes`}\n`,
          );
      },
    });
    bar.close();
    if (done?.warning !== undefined) err.write(`${visible(done.warning)}\n`);
    return done?.folder;
  } catch (error) {
    bar.close();
    if (!(error instanceof FetchError || error instanceof DataError)) throw error;
    const instead = /no connection|HF_HUB_OFFLINE/.test(error.message)
      ? "; without the Hub, `npx anchorgrad pretrain` makes a small base here"
      : "";
    const isLost = /no connection/.test(error.message);
    throw new DataError(`${error.message}${isLost ? proxyHint(process.env) : ""}${instead}`);
  }
}

/** `fetch` of Node asks a proxy where it is told to, and of its versions the later ones can. */
function proxyHint(env: Readonly<Record<string, string | undefined>>): string {
  const set = ["HTTPS_PROXY", "https_proxy"].find((name) => env[name]);
  if (set === undefined || env["NODE_USE_ENV_PROXY"] === "1") return "";
  return `; ${set} is set, which Node 24 heeds with NODE_USE_ENV_PROXY=1`;
}

export const pull: Command = {
  usage,
  async run(args, terminal) {
    const { values, rest } = readArguments(args, knobs);
    const [model, ...more] = rest;
    if (model === undefined || more.length > 0)
      throw new UsageError(
        `pull: expected the name of a model, such as org/name, got ${rest.join(" ") || "nothing"}`,
      );
    const folder = await pulled(model, terminal, values.revision);
    if (folder !== undefined) terminal.out.write(`${folder}\n`);
    return folder !== undefined;
  },
};
