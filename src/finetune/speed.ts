import type { Engine } from "../engines/engine.ts";
import type { FullConfig } from "../nn/config.ts";
import { full } from "../tensor/apply.ts";
import { matmul, sum } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** What a fine-tune computes, counted in tokens that pass through the model. */
export interface Work {
  /** Of the model, without an embedding that is only looked up; and those that are trained. */
  readonly parameters: number;
  readonly trainable: number;
  readonly config: Pick<FullConfig, "layers" | "width">;
  /** Positions of a usual example. */
  readonly length: number;
  /** Tokens that pass forwards and backwards, and forwards alone. */
  readonly trained: number;
  readonly seen: number;
}

/**
 * Floating-point operations of a fine-tune: 2 a parameter and token forwards, as many again for the
 * gradients of activations, and for those of what is trained; and both products of attention.
 * @see https://arxiv.org/abs/2001.08361 (Kaplan et al., 2020), section 2.1
 */
export function operationsOf({ trained, seen, ...work }: Work): number {
  const { parameters, trainable, config, length } = work;
  const attention = 2 * config.layers * config.width * length;
  const forwards = 2 * parameters + attention;
  const whole = trainable >= parameters;
  const backwards = whole ? 2 * forwards : forwards + attention + 4 * trainable;
  return trained * (forwards + backwards) + seen * forwards;
}

/** Milliseconds that a measurement takes at least. */
const LONG = 60;
/** Widest matrix that is tried. */
const WIDEST = 1024;

/**
 * Floating-point operations a second of an engine, in matrix products of a model's width.
 * @param now milliseconds
 */
export async function speedOf(
  engine: Engine,
  width: number,
  now: () => number = () => performance.now(),
): Promise<number> {
  const C = Math.min(width, WIDEST);
  // The reference engine takes seconds for what others do in a moment.
  const rows = engine.backend === "reference" ? 8 : 256;
  const product = engine.compile(function product(x: Tensor, w: Tensor) {
    return sum(matmul(x, w));
  });
  const [x, w] = [engine.put(full([rows, C], 1)), engine.put(full([C, 4 * C], 1))];
  const once = async (): Promise<void> => {
    const made = await product(x, w);
    await engine.read(made);
    engine.release(made);
  };
  await once();
  const began = now();
  let times = 0;
  do {
    await once();
    times++;
  } while (now() - began < LONG);
  engine.release([x, w]);
  return (times * 2 * rows * C * 4 * C) / ((now() - began) / 1000);
}
