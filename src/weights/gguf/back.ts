import { DataError } from "../../tensor/errors.ts";
import { at } from "../../tensor/shapes.ts";
import { show } from "../refuse.ts";
import { entryOf, reading, rowsIn, type TensorFile } from "../weightFile.ts";
import { architectureIn, ggufConfig } from "./config.ts";
import { headsOf } from "./convert.ts";
import { type ConfigJson, headOf } from "./hfConfig.ts";
import { layoutOf } from "./layout.ts";
import { huggingFaceName } from "./names.ts";
import type { GgufFile } from "./read.ts";
import { ropeScalingOf } from "./rope.ts";

/** A GGUF file in Hugging Face's terms. */
export interface FromGguf {
  /** As config.json would be. */
  readonly config: ConfigJson;
  /** The tensors under the names, and in the layout, of a checkpoint. */
  readonly weights: TensorFile;
}

/**
 * Reads a GGUF file as a checkpoint.
 * @throws DataError for an architecture or a tensor that is not known here
 */
export async function fromGguf(file: GgufFile): Promise<FromGguf> {
  const arch = architectureIn(file.metadata);
  const names = new Set(file.names);
  const base = ggufConfig(file.metadata, {
    hasHead: names.has("output.weight"),
    vocabSize: at(file.shapeOf("token_embd.weight"), 0),
    hasBias: (part) => names.has(`blk.0.${part}.bias`),
  });
  const config = { ...base, ...(await ropeOfTensors(file, base, names)) };
  const own = new Map(
    file.names.flatMap((name) => {
      if (ROPE.test(name)) return [];
      const to = huggingFaceName(name, arch);
      if (to !== undefined) return [[nameIn(to, arch, name, file), name] as const];
      throw new DataError(`gguf: expected tensors of ${arch} that are known, got ${show(name)}`);
    }),
  );
  const ownName = (name: string): string => entryOf(own, name, "gguf");
  const heads = headsOf(config, arch);
  return {
    config,
    weights: {
      names: [...own.keys()],
      dtypeOf: (name) => file.dtypeOf(ownName(name)),
      shapeOf: (name) => {
        const shape = file.shapeOf(ownName(name));
        return layoutOf(ownName(name), arch, heads)?.transposes ? shape.toReversed() : shape;
      },
      ...reading((name, rows) => {
        const layout = layoutOf(ownName(name), arch, heads);
        if (!layout) return file.stream(ownName(name), rows);
        return rowsIn(layout.fromGguf(file.stream(ownName(name))), rows, name);
      }),
    },
  };
}

const ROPE = /^rope_(freqs|factors_(long|short))\.weight$/;

/** Phi-3's `ffn_up` holds gate and up; others' is up alone. */
function nameIn(to: string, arch: string, name: string, file: GgufFile): string {
  if (arch !== "phi3" || !to.endsWith("mlp.gate_up_proj.weight")) return to;
  const up = at(file.shapeOf(name), 0);
  const inner = file.metadata["phi3.feed_forward_length"];
  return up === inner ? to.replace("gate_up_proj", "up_proj") : to;
}

/** Rope that a file keeps as tensors. */
async function ropeOfTensors(
  file: GgufFile,
  config: ConfigJson,
  names: ReadonlySet<string>,
): Promise<ConfigJson> {
  const read = async (name: string): Promise<Float32Array> =>
    Float32Array.from((await file.read(name)).data);
  const positions = Number(config["max_position_embeddings"]);
  if (names.has("rope_freqs.weight")) {
    const divisors = await read("rope_freqs.weight");
    const { turned } = headOf(config);
    if (divisors.length !== turned / 2) return {};
    return { rope_scaling: ropeScalingOf(divisors, Number(config["rope_theta"]), positions) };
  }
  if (!names.has("rope_factors_long.weight")) return {};
  const original = file.metadata["phi3.rope.scaling.original_context_length"] ?? positions;
  const attention = file.metadata["phi3.rope.scaling.attn_factor"];
  return {
    original_max_position_embeddings: original,
    rope_scaling: {
      rope_type: "longrope",
      short_factor: [...(await read("rope_factors_short.weight"))],
      long_factor: [...(await read("rope_factors_long.weight"))],
      ...(typeof attention === "number" && { attention_factor: attention }),
    },
  };
}
