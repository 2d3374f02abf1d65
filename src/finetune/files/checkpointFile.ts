import type { Certified } from "../../anchored/certificates/certifier.ts";
import type { FineTuneCheckpoint } from "../../anchored/resume.ts";
import { isRecord } from "../../json/isRecord.ts";
import { readJson } from "../../json/readJson.ts";
import type { Params } from "../../nn/config.ts";
import type { TensorTree } from "../../optim/optimizer.ts";
import { constant } from "../../tensor/apply.ts";
import { DataError } from "../../tensor/errors.ts";
import { isCount } from "../../tensor/shapes.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { flatten, type Structure, unflatten } from "../../tensor/tree.ts";
import { refuse } from "../../text/jsonl.ts";
import { readSafetensors, type Weights } from "../../weights/safetensors.ts";
import { writeSafetensors } from "../../weights/write.ts";

/** What was best on held-out rows so far. */
export interface Best {
  /** On the host. */
  readonly params: Params;
  readonly step: number;
  readonly logLoss: number;
  /** Looks since then, none of them better. */
  readonly since: number;
}

/** From which a stage of a run goes on. */
export interface RunCheckpoint extends FineTuneCheckpoint {
  readonly best?: Best;
}

/** Beside the tensors, as JSON. */
interface About {
  readonly best?: Omit<Best, "params">;
  readonly step: number;
  readonly outer: number;
  readonly left?: number;
  readonly ledger?: Certified["ledger"];
  readonly lost?: readonly number[];
  readonly structure: Structure;
}

const prefixed = (prefix: string, params: Params): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(params).map(([name, x]) => [`${prefix}${name}`, x]));

function without(prefix: string, tensors: Params): Params {
  const own = Object.entries(tensors).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, x]) => [name.slice(prefix.length), x]));
}

/** A checkpoint as tensors, and text about them. */
export function checkpointWeights(checkpoint: RunCheckpoint): Weights {
  const { best } = checkpoint;
  const { step, outer, params, state, snapshot, certified } = checkpoint;
  const { leaves, structure } = flatten<Tensor>(state);
  const { left, reach, ledger, lost } = certified ?? {};
  const about: About = {
    ...{ step, outer, structure },
    ...(left !== undefined && { left }),
    ...(ledger && { ledger }),
    ...(lost && { lost }),
    ...(best && { best: { step: best.step, logLoss: best.logLoss, since: best.since } }),
  };
  return {
    tensors: {
      ...prefixed("params/", params),
      ...Object.fromEntries(leaves.map((leaf, i) => [`state/${i}`, leaf])),
      ...(snapshot && prefixed("snapshot/", snapshot)),
      ...(best && prefixed("best/", best.params)),
      ...(reach && { reach: constant(reach, [reach.length]) }),
    },
    metadata: { checkpoint: JSON.stringify(about) },
  };
}

/** Writes a checkpoint as one safetensors file: whole or not at all. */
export const writeCheckpoint = (path: string, checkpoint: RunCheckpoint): Promise<void> =>
  writeSafetensors(path, checkpointWeights(checkpoint));

/** @throws DataError for a file that is no checkpoint */
export const readCheckpoint = async (path: string): Promise<RunCheckpoint> =>
  checkpointIn(await readSafetensors(path), path);

/**
 * A checkpoint of the tensors and the text that it became.
 * @param path where they come from, for messages
 * @throws DataError for what is no checkpoint
 */
export function checkpointIn({ tensors, metadata }: Weights, path: string): RunCheckpoint {
  const told = metadata["checkpoint"];
  if (told === undefined) throw new DataError(`${path}: expected a checkpoint, got other weights`);
  const numbered = without("state/", tensors);
  const about = aboutIn(readJson(told, path), path, Object.keys(numbered).length);
  const { step, outer, left, ledger, lost, structure, best } = about;
  const leaves = Object.keys(numbered).map((_, i): Tensor => {
    const leaf = numbered[`${i}`];
    if (!leaf) throw new DataError(`${path}: expected tensor state/${i}, got none`);
    return leaf;
  });
  const snapshot = without("snapshot/", tensors);
  const reach = tensors["reach"]?.data;
  return {
    ...{ kind: "checkpoint", step, outer },
    params: without("params/", tensors),
    state: unflatten(structure, leaves) as TensorTree,
    ...(Object.keys(snapshot).length > 0 && { snapshot }),
    ...(best && { best: { ...best, params: without("best/", tensors) } }),
    ...(left !== undefined && {
      certified: {
        left,
        ...(reach && { reach: Float64Array.from(reach) }),
        ...(ledger && { ledger }),
        ...(lost && { lost }),
      },
    }),
  };
}

type Fields = Readonly<Record<string, unknown>>;

/** @param states tensors that there are for the optimizer's memory */
function aboutIn(value: unknown, path: string, states: number): About {
  const wrong = (field: string, expected: string, got: unknown): never =>
    refuse(path, `${expected} as checkpoint.${field}`, got);
  if (!isRecord(value)) return refuse(path, "what a checkpoint says", value);
  const { step, outer, left, ledger, lost, structure, best } = value;
  const countAt = (field: string, count: unknown): number =>
    isWhole(count) ? count : wrong(field, "a whole number", count);
  const numberAt = (field: string, number: unknown): number =>
    // JSON has no NaN.
    number === null ? NaN : typeof number === "number" ? number : wrong(field, "a number", number);
  if (!isStructure(structure) || leavesOf(structure) !== states)
    return wrong("structure", `a tree of ${states} tensors`, structure);
  const recordAt = (field: string, record: unknown): Fields | undefined =>
    record === undefined || isRecord(record) ? record : wrong(field, "an object", record);
  const [sums, look] = [recordAt("ledger", ledger), recordAt("best", best)];
  const losses: readonly unknown[] = Array.isArray(lost) ? lost : [lost ?? 0];
  if (!losses.every(isWhole)) return wrong("lost", "whole numbers", lost);
  return {
    ...{ step: countAt("step", step), outer: countAt("outer", outer), structure },
    ...(left !== undefined && { left: numberAt("left", left) }),
    ...(sums && {
      ledger: {
        path: numberAt("ledger.path", sums["path"]),
        inexactness: numberAt("ledger.inexactness", sums["inexactness"]),
      },
    }),
    ...(lost !== undefined && { lost: losses }),
    ...(look && {
      best: {
        step: countAt("best.step", look["step"]),
        logLoss: numberAt("best.logLoss", look["logLoss"]),
        since: countAt("best.since", look["since"]),
      },
    }),
  };
}

const isWhole = (value: unknown): value is number => typeof value === "number" && isCount(value);

function isStructure(value: unknown): value is Structure {
  if (!isRecord(value)) return false;
  const { kind, names, children } = value;
  if (kind === "leaf") return true;
  if (!Array.isArray(children) || !children.every(isStructure)) return false;
  if (kind === "array") return true;
  if (!Array.isArray(names) || names.length !== children.length) return false;
  const isNamed = names.every((name) => typeof name === "string");
  return kind === "object" && isNamed && new Set(names).size === names.length;
}

const leavesOf = (node: Structure): number =>
  node.kind === "leaf" ? 1 : node.children.reduce((sum, child) => sum + leavesOf(child), 0);
