import { isRecord } from "../json/isRecord.ts";
import { readJson } from "../json/readJson.ts";
import { isCount } from "../tensor/shapes.ts";
import { refuse } from "../text/jsonl.ts";

/** How far training has come; the mean loss of a few steps, nats a target token. */
export interface TrainedStep {
  readonly step: number;
  readonly loss: number;
}

/** A step as a run tells it. */
export interface ToldStep extends TrainedStep {
  /** Made before this run began. */
  readonly isAgain?: true;
}

/** What was told of a training, and the losses behind it. */
export interface Told {
  readonly steps: TrainedStep[];
  readonly losses: number[];
  /** Steps that the run was to have then. */
  readonly total?: number;
}

/**
 * @param name of the file that it comes from, for messages
 * @throws DataError naming the field
 */
export function toldIn(text: string, name: string): Told {
  const value = readJson(text, name);
  if (!isRecord(value)) return refuse(`${name}.told`, "an object", value);
  const { total } = value;
  return {
    steps: listAt(value["steps"], `${name}.told.steps`).map((one, i) => {
      const place = `${name}.told.steps[${i}]`;
      const { step, loss } = isRecord(one) ? one : {};
      return { step: countAt(step, `${place}.step`), loss: numberAt(loss, `${place}.loss`) };
    }),
    losses: listAt(value["losses"], `${name}.told.losses`).map((loss, i) =>
      numberAt(loss, `${name}.told.losses[${i}]`),
    ),
    ...(total !== undefined && { total: countAt(total, `${name}.told.total`) }),
  };
}

const listAt = (value: unknown, place: string): readonly unknown[] =>
  Array.isArray(value) ? value : refuse(place, "a list", value);

const countAt = (value: unknown, place: string): number =>
  typeof value === "number" && isCount(value) ? value : refuse(place, "a whole number", value);

/** JSON has no NaN. */
const numberAt = (value: unknown, place: string): number =>
  value === null
    ? Number.NaN
    : typeof value === "number"
      ? value
      : refuse(place, "a number", value);
