import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as abi from "../../../../kernels/wasm/abi.ts";
import * as opcodes from "../../../../kernels/wasm/opcodes.ts";
import { buildPlan } from "../../../../src/compile/build.ts";
import type { Plan } from "../../../../src/compile/plan.ts";
import { createWasmDevice, type WasmDevice } from "../../../../src/engines/wasm/device.ts";
import { chain } from "../../../../src/engines/wasm/lowering/chain.ts";
import { overElements } from "../../../../src/engines/wasm/lowering/instruction.ts";
import { programOf } from "../../../../src/engines/wasm/lowering/program.ts";
import { adamw } from "../../../../src/optim/adamw.ts";
import { chain as inTurn } from "../../../../src/optim/chain.ts";
import { clipByGlobalNorm } from "../../../../src/optim/clip.ts";
import { applyUpdates } from "../../../../src/optim/optimizer.ts";
import { constant } from "../../../../src/tensor/apply.ts";
import * as ops from "../../../../src/tensor/ops.ts";
import { Tensor } from "../../../../src/tensor/tensor.ts";

/** Some blocks and a part of one. */
const ELEMENTS = 3 * abi.BLOCK + 37;

const numbers = (seed: number, elements = ELEMENTS): Tensor<"constant"> =>
  constant(
    Float32Array.from({ length: elements }, (_, i) => Math.sin(i * 0.7 + seed) + 1.5),
    [elements],
  );

const argument = (index: number, elements = ELEMENTS): Tensor =>
  new Tensor("placeholder", [elements], "float", [], { index });

type Rule = (x: Tensor, y: Tensor) => Tensor;
const rules: readonly Rule[] = [
  ...[ops.add, ops.mul, ops.sub, ops.maximum, (x: Tensor, y: Tensor) => ops.div(x, y)],
  ...[ops.tanh, ops.neg, ops.gelu, ops.exp, (x: Tensor) => ops.mul(x, 0.25)],
  (x, y) => ops.select(ops.less(x, y), x, ops.sub(2, y)),
];

/** Elementwise expressions: each takes two of what came before. */
const expressions = fc.array(fc.tuple(fc.nat(rules.length - 1), fc.nat(), fc.nat()), {
  minLength: 2,
  maxLength: 40,
});
type Expression = readonly (readonly [number, number, number])[];

function made(expression: Expression, leaves: readonly Tensor[]): Tensor[] {
  const all = [...leaves];
  for (const [rule, x, y] of expression) {
    const [a, b] = [all[x % all.length], all[y % all.length]] as [Tensor, Tensor];
    // Kept small, so that no result is lost in infinities.
    all.push(ops.tanh((rules[rule] as Rule)(a, b)));
  }
  return all.slice(leaves.length);
}

describe("a chain of elementwise kernels", () => {
  let device: WasmDevice;
  beforeAll(async () => {
    device = await createWasmDevice({ threads: 1 });
  });
  afterAll(() => device.close());

  async function run(plan: Plan, inputs: readonly Tensor<"constant">[]): Promise<Uint32Array[]> {
    const buffers = inputs.map(({ data, shape, dtype }) => device.upload(data, shape, dtype));
    const executable = await device.prepare(plan);
    const outputs = await executable.run(buffers);
    const read = await Promise.all(outputs.map((y) => device.read(y, [], "float")));
    executable.dispose();
    for (const y of outputs) device.free(y);
    buffers.forEach((x, i) => {
      if (!plan.donated.includes(i)) device.free(x);
    });
    return read.map((y) => new Uint32Array(y.buffer, y.byteOffset, y.length));
  }

  test("computes the bits that its kernels compute one by one, in place where it may", () =>
    fc.assert(
      fc.asyncProperty(
        expressions,
        fc.subarray([0, 1]),
        fc.infiniteStream(fc.boolean()),
        async (expression, donated, wanted) => {
          const leaves = [numbers(1), numbers(2)];
          const all = made(expression, leaves);
          // All results returned: nothing lies between. Then only some are.
          const apart: Uint32Array[] = [];
          for (const y of all) apart.push(...(await run(buildPlan([y], []), [])));
          const inputs = [argument(0), argument(1)];
          const results = made(expression, inputs);
          const chosen = results.flatMap((_, i) =>
            wanted.next().value || i === results.length - 1 ? [i] : [],
          );
          const outputs = chosen.map((i) => results[i] as Tensor);
          const together = await run(buildPlan(outputs, inputs, { donated }), leaves);
          chosen.forEach((i, at) => {
            expect(together[at]).toEqual(apart[i]);
          });
        },
      ),
      { numRuns: 60 },
    ));

  test("is what AdamW after clipping is, for each parameter, and needs no memory but its results'", () => {
    const optimizer = inTurn(clipByGlobalNorm(1), adamw({ learningRate: 1e-3 }));
    const sizes = [ELEMENTS, 5 * abi.BLOCK];
    const [params, grads] = [0, 2].map((from) => sizes.map((n, i) => argument(from + i, n))) as [
      Tensor[],
      Tensor[],
    ];
    const [m, v] = [4, 6].map((from) => sizes.map((n, i) => argument(from + i, n))) as [
      Tensor[],
      Tensor[],
    ];
    const step = argument(8, 1);
    const state = [[], { step: ops.reshape(step, []), mean: m, square: v }] as const;
    const [updates, next] = optimizer.update(grads, state as never, params);
    const results = [...(applyUpdates(params, updates) as Tensor[])];
    const [, { mean, square }] = next as unknown as [unknown, { mean: Tensor[]; square: Tensor[] }];
    const inputs = [...params, ...grads, ...m, ...v, step];
    const plan = buildPlan([...results, ...mean, ...square], inputs, {
      donated: [0, 1, 4, 5, 6, 7],
    });
    const chains = programOf(plan, 1).instructions.filter(
      ({ opcode, writes }) => opcode === opcodes.CHAIN && writes.length === 3,
    );
    expect(chains).toHaveLength(2);
    const { places } = programOf(plan, 1);
    for (const { writes } of chains)
      for (const { buffer } of writes)
        expect(places[buffer]).toMatchObject({ kind: "own", owner: plan.buffers[buffer]?.reuses });
    expect(programOf(plan, 1).arenaBytes).toBeLessThan(1024); // numbers that a scale is made of
  });

  test("is left apart where more lies between its links than a thread holds", () => {
    const work = { nanoseconds: 1, threads: 1 };
    /** x through `count` kernels, of whose results the last reads all. */
    const links = (count: number) => {
      const between = Array.from({ length: count }, (_, i) => i + 1);
      const first = between.map((output) => ({ opcode: opcodes.TANH, inputs: [0], output }));
      const last = { opcode: opcodes.SELECT, words: [0], inputs: between, output: count + 1 };
      return [...first, last].map((kernel) => overElements(ELEMENTS, work, kernel));
    };
    const chained = (count: number) => chain(links(count), new Set([count + 1]), 1);
    expect(chained(abi.SLOTS)).toMatchObject({ opcode: opcodes.CHAIN, reads: [0] });
    expect(chained(abi.SLOTS + 1)).toBeUndefined();
  });
});
