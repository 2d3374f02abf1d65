/// <reference lib="esnext.disposable" preserve="true" />

import { expectKnown } from "../tensor/options.ts";
import { PART, type TensorParts } from "../tensor/parts.ts";
import { at, isCount } from "../tensor/shapes.ts";
import { lengthOf } from "../tensor/storage/types.ts";
import {
  type DataOf,
  type HostTensor,
  type NodeName,
  Tensor,
  type TypedArray,
} from "../tensor/tensor.ts";
import * as tree from "../tensor/tree.ts";
import type { Device, Executable, MemoryUse } from "./device.ts";
import { fill } from "./parts.ts";
import { type CompileOptions, compileOn, type Program } from "./program.ts";
import { createResidents, hostTensor } from "./resident.ts";
import type { Leaf } from "./trace.ts";

/** A tree of tensors as it is on the host: each a constant, numbers too. */
export type OnHost<T> =
  T extends Tensor<NodeName, infer D>
    ? HostTensor<D>
    : T extends number
      ? HostTensor<"float">
      : T extends object
        ? { [N in keyof T]: OnHost<T[N]> }
        : HostTensor;

/** The arrays of a tree of tensors, by their dtypes where those are known. */
export type Numbers<T> =
  T extends Tensor<NodeName, infer D>
    ? DataOf<D>
    : T extends object
      ? { [N in keyof T]: Numbers<T[N]> }
      : TypedArray;

/** Anything, and lists of results are tuples. */
type Any = [] | NonNullable<unknown> | null | undefined;

/** Runs descriptions; the only place with side effects. */
export interface Engine extends AsyncDisposable {
  readonly backend: string;
  /** For people: the GPU's name, the number of threads. */
  readonly description: string;
  /** The numerics class: engines of one class compute the same bits, those of others may differ in
   * the last ones. `wasm-fma` and `wasm-plain` are CPUs with and without fused multiply-add. */
  readonly numerics: string;
  /** Why this backend was taken. */
  readonly reason: string;
  /** Traces, runs and reads back once: the result's tensors hold numbers (`.data`, `.shape`). */
  run<Result extends Any>(fn: () => Result): Promise<OnHost<Result>>;
  /**
   * Traces a pure function once for each combination of input shapes.
   * @example
   * const step = engine.compile((w: Tensor, x: Tensor) => [ops.sum(x), ops.sub(w, x)]);
   * const [loss, next] = await step(weights, batch);
   */
  compile<Args extends readonly unknown[], Result extends Any>(
    fn: (...args: Args) => Result,
    options?: CompileOptions,
  ): Program<Args, Result>;
  /** Copies to the host: Float32Array (Float64Array on reference), Int32Array, codes as they are stored. */
  read<T>(values: T): Promise<Numbers<T>>;
  /** Copies host tensors to the device, once. */
  put<T>(values: T): T;
  /**
   * Fills a tensor on the device part by part: the host holds one part at a time, and after an error
   * nothing is left. Programs may run meanwhile; where the engine is closed it rejects.
   * @throws ShapeError for more or fewer numbers than the shape says, TypeError for arrays of
   *   another kind than the dtype's
   * @example await engine.putParts({ shape: [2, 3], dtype: "float", parts: () => [a, b] }) // 6 numbers
   */
  putParts(source: TensorParts): Promise<Tensor<"resident">>;
  /** A tensor's numbers, from the first on, in parts of at most 8 MiB that are the caller's own. */
  readParts(x: Tensor): AsyncGenerator<TypedArray>;
  /** An independent copy, which outlives donation of the original. */
  clone<T>(values: T): T;
  /** Frees resident tensors now rather than at garbage collection; nothing after `close`. */
  release(values: unknown): void;
  memory(): MemoryUse;
  /**
   * Ends when what was asked for before has. After it `put` and `clone` throw a TypeError, and
   * `run`, `read` and programs reject with one.
   */
  close(): Promise<void>;
}

/** Turns a device into an engine: tracing, caching by shape, trees and ownership. */
export function engineOf<Buffer>(device: Device<Buffer>, reason: string): Engine {
  const residents = createResidents(device);
  let closed = false;
  // Programs of one engine run one after the other, in the order of the calls.
  let tail: Promise<unknown> = Promise.resolve();
  const closedError = (): TypeError | undefined =>
    closed ? new TypeError("engine: expected an open engine, got a closed one") : undefined;
  function enqueue<T>(work: () => Promise<T>): Promise<T> {
    const error = closedError();
    if (error) return Promise.reject(error);
    const result = tail.then(work);
    tail = result.catch(() => {});
    return result;
  }

  async function readLeaves<To>(
    values: unknown,
    make: (x: Tensor, data: TypedArray) => To,
  ): Promise<tree.Tree<To>> {
    const { structure, leaves } = tree.flatten(values as tree.Tree<Tensor>);
    const pathOf = (leaf: number): string => at(tree.entries(values as tree.Tree<Tensor>), leaf)[0];
    const read: To[] = [];
    for (const [i, x] of leaves.entries()) {
      if (!(x instanceof Tensor))
        throw new TypeError(
          `read: expected tensors, got ${String(x)} at ${pathOf(i) || "the top"}`,
        );
      read.push(make(x, await residents.read(x, () => `read ${pathOf(i)}`.trim())));
    }
    return tree.unflatten(structure, read);
  }

  function moved<T>(values: T, caller: string, move: (x: Tensor) => Tensor): T {
    const error = closedError();
    if (error) throw error;
    for (const [path, x] of tree.entries(values as tree.Tree<Tensor>)) {
      if (!(x instanceof Tensor))
        throw new TypeError(
          `${caller}: expected tensors, got ${String(x)} at ${path || "the top"}`,
        );
      residents.check(x, () => `${caller} ${path}`.trim());
    }
    return tree.map<T, Tensor, Tensor>(move, values as T & tree.Tree<Tensor>) as T;
  }

  const host = { device, residents, enqueue, closedError };
  const idsOf = (x: Tensor) => (x.dtype === "int" ? residents.range(x) : undefined);
  const dispose = (executables: readonly Executable<Buffer>[]): void => {
    for (const executable of executables) executable.dispose();
  };
  // A program that nobody holds any more may still be running: it is disposed of after that.
  const dropped = new FinalizationRegistry<readonly Executable<Buffer>[]>((executables) => {
    if (!closed) void enqueue(async () => dispose(executables));
  });

  const engine: Engine = {
    backend: device.backend,
    description: device.description,
    numerics: device.numerics,
    reason,
    compile(fn, options = {}) {
      expectKnown("compile", options, ["name", "donate", "onProgress"]);
      if (typeof fn !== "function") throw new TypeError(`compile: expected a function, got ${fn}`);
      const odd = options.donate?.find((index) => !isCount(index));
      if (odd !== undefined)
        throw new RangeError(`compile: expected places of arguments to donate, got ${odd}`);
      const { program, executables } = compileOn(host, fn, options);
      dropped.register(program, executables);
      return program;
    },
    async run(fn) {
      const once = { ...host, residents: { ...residents, wrap: residents.lend } };
      const { program, executables } = compileOn(once, () => fn() as tree.Tree<Leaf>, {});
      try {
        const result = await program();
        try {
          return (await enqueue(() => readLeaves(result, hostTensor))) as never;
        } finally {
          engine.release(result);
        }
      } finally {
        dispose(executables);
      }
    },
    read: (values) => enqueue(() => readLeaves(values, (_, data) => data)) as never,
    put: (values) =>
      moved(values, "put", (x) => {
        const { buffer, temporary } = residents.borrow(x);
        return temporary ? residents.wrap(buffer, x, idsOf(x)) : x;
      }),
    async putParts(source) {
      const error = closedError();
      if (error) throw error;
      const { buffer, range } = await fill(device, source, closedError);
      return residents.wrap(buffer, source, range);
    },
    async *readParts(x) {
      const count = lengthOf(x.dtype, x.shape);
      for (let from = 0; from < count; from += PART) {
        const span = [from, Math.min(count, from + PART)] as const;
        yield await enqueue(() => residents.read(x, () => "readParts", span));
      }
    },
    clone: (values) =>
      moved(values, "clone", (x) => {
        const { buffer, temporary } = residents.borrow(x);
        return residents.wrap(temporary ? buffer : device.copy(buffer), x, idsOf(x));
      }),
    release(values) {
      for (const x of tree.flatten(values as tree.Tree<Tensor>).leaves)
        if (x instanceof Tensor && !closed) residents.release(x);
    },
    memory: () => device.memory(),
    async close() {
      if (closed) return;
      closed = true;
      await tail;
      await device.close();
    },
    [Symbol.asyncDispose]: () => engine.close(),
  };
  return engine;
}
