import { readJson } from "../json/readJson.ts";
import type { Params } from "../nn/config.ts";
import { type AdapterConfig, isAllLinear } from "../nn/lora/adapterConfig.ts";
import { scaleOf } from "../nn/lora/layout.ts";
import { adapterConfigJson, adapterConfigOf } from "../nn/lora/peftConfig.ts";
import { constant } from "../tensor/apply.ts";
import { DataError } from "../tensor/errors.ts";
import { expectKnown } from "../tensor/options.ts";
import { isConstant, type Tensor } from "../tensor/tensor.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";
import type { Files } from "./store.ts";

const CONFIG = "adapter_config.json";
const WEIGHTS = "adapter_model.safetensors";

/** An adapter as PEFT keeps it. */
export interface Adapter {
  readonly config: AdapterConfig;
  /** By PEFT's names, on the host. */
  readonly params: Params;
}

/**
 * Reads a folder that PEFT wrote: adapter_config.json and adapter_model.safetensors.
 * @throws DataError that names the file and what is wrong with it
 */
export async function readAdapter(files: Pick<Files, "read">, folder: string): Promise<Adapter> {
  const [configPath, weightsPath] = [`${folder}/${CONFIG}`, `${folder}/${WEIGHTS}`];
  const [text, weights] = [await files.read(configPath), await files.read(weightsPath)];
  if (!text) {
    const isRun = await files.read(`${folder}/adapter/${CONFIG}`);
    const got = isRun ? `a folder whose adapter is in ${folder}/adapter` : "no file";
    throw new DataError(`${configPath}: expected a PEFT adapter's config, got ${got}`);
  }
  const config = adapterConfigOf(readJson(new TextDecoder().decode(text), configPath), configPath);
  if (!weights) {
    const pickle = await files.read(`${folder}/adapter_model.bin`);
    throw new DataError(
      `${weightsPath}: expected the adapter's tensors, got no file${pickle ? "; a pickle (adapter_model.bin) is not read: save it as safetensors" : ""}`,
    );
  }
  const { tensors } = decodeSafetensors(weights, weightsPath);
  const foreign = Object.keys(tensors).find((name) => !name.startsWith("base_model.model."));
  if (foreign !== undefined)
    throw new DataError(
      `${weightsPath}: expected names that begin with base_model.model., got ${JSON.stringify(foreign)}`,
    );
  return { config, params: tensors };
}

/**
 * Writes such a folder: PEFT, vLLM and llama.cpp's converter open it.
 * @param params by PEFT's names, on the host; written in float32
 * @param options.base base_model_name_or_path, the folder or Hub name of the base
 * @throws TypeError for a tensor that is not on the host, of another rank than the config's, or without the
 *   other of its pair
 */
export async function writeAdapter(
  files: Pick<Files, "write">,
  folder: string,
  { config, params }: Adapter,
  options: { readonly base?: string } = {},
): Promise<void> {
  expectKnown("writeAdapter", options, ["base"]);
  expectRanks(config, params);
  const targets = isAllLinear(config.targets) ? lastNames(params) : config.targets;
  // In the order in which safetensors' own writer has them.
  const tensors = Object.entries(params)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, tensor]) => [name, single(name, tensor)] as const);
  const weights = { tensors: Object.fromEntries(tensors), metadata: { format: "pt" } };
  await files.write(`${folder}/${WEIGHTS}`, encodeSafetensors(weights));
  await files.write(`${folder}/${CONFIG}`, adapterConfigJson({ ...config, targets }, options));
}

const PART = /^base_model\.model\.(.*)\.lora_(embedding_)?([AB])(\.weight)?$/;

/** @throws TypeError for tensors that no reader would take with this config, naming them */
function expectRanks(config: AdapterConfig, params: Params): void {
  for (const [name, { shape }] of Object.entries(params)) {
    const [, module, embedding = "", side, weight = ""] = PART.exec(name) ?? [];
    if (module === undefined) continue;
    const { rank } = scaleOf(config, module);
    if (shape.length !== 2 || shape[side === "A" ? 0 : 1] !== rank)
      throw new TypeError(
        `writeAdapter: expected ${name} of rank ${rank}, as the config says, got [${shape.join(", ")}]`,
      );
    const other = side === "A" ? "B" : "A";
    const pair = `base_model.model.${module}.lora_${embedding}${other}${weight}`;
    if (!Object.hasOwn(params, pair))
      throw new TypeError(`writeAdapter: expected ${pair} beside ${name}, got none`);
  }
}

/** The last parts of the adapted modules' paths, which say the same as "all-linear" and are
 * understood by readers that do not know the word. */
function lastNames(params: Params): string[] {
  const modules = Object.keys(params).flatMap(
    (name) => /([^.]+)\.lora_A\.weight$/.exec(name)?.[1] ?? [],
  );
  return [...new Set(modules)].sort();
}

function single(name: string, tensor: Tensor): Tensor {
  if (!isConstant(tensor))
    throw new TypeError(`writeAdapter: expected ${name} on the host, got a ${tensor.op} tensor`);
  return constant(Float32Array.from(tensor.data), tensor.shape);
}
