import type { Tracker } from "../../logs/log.ts";
import { trackerOf } from "../../logs/open.ts";
import { type Knob, text } from "./knobs.ts";

/** Options of commands that log runs elsewhere too. */
export const logKnobs: {
  readonly log: Knob<string>;
  readonly tag: Knob<string>;
  readonly note: Knob<string>;
} = {
  log: text(
    "<kind=place>",
    "also to mlflow=URL, trackio=URL or tensorboard=folder; several with commas",
  ),
  tag: text("<names>", "words to find runs by where they are logged, with commas"),
  note: text("<text>", "a sentence about the run where it is logged"),
};

/** Where runs are logged, and what is said of all of them. */
export interface Logging {
  readonly trackers: readonly Tracker[];
  readonly about: { readonly tags?: readonly string[]; readonly note?: string };
}

/** @throws DataError for a tracker that is not known, or an address that is none */
export function loggingOf(
  given: { readonly log?: string; readonly tag?: string; readonly note?: string },
  environment: Readonly<Record<string, string | undefined>>,
): Logging {
  const { log, tag, note } = given;
  return {
    trackers: listed(log).map((place) => trackerOf(place, environment)),
    about: { ...(tag !== undefined && { tags: listed(tag) }), ...(note !== undefined && { note }) },
  };
}

/** What stands between commas. */
const listed = (given = ""): string[] =>
  given
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
