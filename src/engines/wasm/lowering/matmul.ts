import * as abi from "../../../../kernels/wasm/abi.ts";
import * as opcodes from "../../../../kernels/wasm/opcodes.ts";
import type { Value } from "../../../compile/plan.ts";
import { last, ofRank, sizeOf } from "../../../tensor/shapes.ts";
import { bytesOf, isStorageType } from "../../../tensor/storage/types.ts";
import { type Instruction, type Kernel, overUnits, wordsAt } from "./instruction.ts";
import type { Lowering, Rule, Step } from "./kinds.ts";
import { cast, storageOf } from "./stored.ts";
import { stacked, type Triangles } from "./triangles.ts";

/** Multiply-adds, and bytes of B from memory, in a nanosecond of one thread, roughly. */
const SPEED = 24;
const BYTES = 10;
/** Blocks for each thread; cutting costs packing the same panels again. */
const BLOCKS_PER_THREAD = 3;
/** Smallest block worth sharing, nanoseconds. */
const LEAST = 400_000 / SPEED;

interface Block {
  readonly rows: number;
  readonly columns: number;
}

/** A product, and what limits how it is cut. */
interface Shape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly batch: number;
  /** Columns that stay together. */
  readonly wide: number;
  /** Bytes of B for each column. */
  readonly bytes: number;
}

/** Nanoseconds of a block: of a few rows, those that its part of B takes to arrive. */
const timeOf = ({ k, bytes }: Shape, { rows, columns }: Block): number =>
  Math.max((rows * columns * k) / SPEED, (columns * bytes) / BYTES);

/** Rows and columns of a block: the longer side is halved until there are blocks for all threads.
 * Every element is summed in the same order, however the matrix is cut. */
function blockOf(shape: Shape, threads: number): Block {
  const { m, n, batch, wide } = shape;
  let rows = m;
  let columns = Math.min(n, abi.MOST_COLUMNS);
  const enough = () =>
    threads === 1 ||
    batch * Math.ceil(m / rows) * Math.ceil(n / columns) >= threads * BLOCKS_PER_THREAD ||
    timeOf(shape, { rows, columns }) < 2 * LEAST;
  const half = (x: number, multiple: number) => Math.ceil(x / 2 / multiple) * multiple;
  const tall = abi.TILE_ROWS_FUSED;
  while (!enough() && (rows > 2 * tall || columns > 2 * wide))
    if (rows >= columns || columns <= 2 * wide) rows = half(rows, tall);
    else columns = half(columns, wide);
  return { rows, columns };
}

/** Which half of the product need not be computed, and the side of its triangles. */
function triangleOf(a: Value, output: Value, triangles: Triangles): [kind: number, side: number] {
  const zeros = triangles.zeroAbove.get(a.buffer);
  if (zeros !== undefined && stacked(a, zeros)) return [abi.LOWER_A, zeros];
  const unread = triangles.unreadAbove.get(output.buffer);
  if (unread !== undefined && stacked(output, unread)) return [abi.LOWER_RESULT, unread];
  return [abi.FULL, 1];
}

/** @param onto whether the product is added to what the output holds */
export function product(step: Step<"matmul">, lowering: Lowering, onto: boolean): Instruction[] {
  const { threads, triangles } = lowering;
  const [a, b] = step.inputs;
  const { transposeA, transposeB } = step.attrs;
  const { output } = step;
  const [m, n] = ofRank(2, output.shape.slice(-2));
  if (isStorageType(a.dtype) && m > abi.FEW_ROWS) return withWideRows(step, lowering, onto);
  const k = last(a.shape, transposeA ? 2 : 1);
  const batch = sizeOf(output.shape.slice(0, -2));
  const storage = storageOf(b.dtype);
  // A block's columns are whole blocks of the numbers in a row of B.
  const wide = storage === abi.Q8_0 && !transposeB ? abi.Q8_NUMBERS : abi.TILE_COLUMNS;
  const bytes = bytesOf(b.dtype, sizeOf(b.shape)) / Math.max(1, batch * n);
  const shape = { m, n, k, batch, wide, bytes };
  const { rows, columns } = blockOf(shape, threads);
  const units = m * n === 0 ? 0 : batch * Math.ceil(m / rows) * Math.ceil(n / columns);
  const [triangle, side] = storage === abi.FLOAT ? triangleOf(a, output, triangles) : [abi.FULL, 1];
  const kernel: Kernel = {
    opcode: opcodes.MATMUL,
    words: wordsAt(abi.MATMUL_RESULT, {
      [abi.MATMUL_M]: m,
      [abi.MATMUL_N]: n,
      [abi.MATMUL_K]: k,
      [abi.MATMUL_TRANSPOSE_A]: Number(transposeA),
      [abi.MATMUL_TRANSPOSE_B]: Number(transposeB),
      [abi.MATMUL_BLOCK_ROWS]: rows,
      [abi.MATMUL_BLOCK_COLUMNS]: columns,
      [abi.MATMUL_TRIANGLE]: triangle,
      [abi.MATMUL_SIDE]: side,
      [abi.MATMUL_ONTO]: Number(onto),
      [abi.MATMUL_STORAGE_A]: storageOf(a.dtype),
      [abi.MATMUL_STORAGE_B]: storage,
    }),
    inputs: [a.buffer, b.buffer],
    output: output.buffer,
    flop: 2 * batch * m * n * k,
  };
  return [overUnits(units, { nanoseconds: timeOf(shape, { rows, columns }), threads }, kernel)];
}

/** Codes are multiplied as integers in a few rows; more are widened, and the product is one of floats. */
function withWideRows(step: Step<"matmul">, lowering: Lowering, onto: boolean): Instruction[] {
  const [a, b] = step.inputs;
  const elements = sizeOf(a.shape);
  const wide: Value = { ...a, dtype: "float", buffer: lowering.workspace(elements) };
  const attrs = { from: a.dtype, to: "float" } as const;
  return [
    ...cast({ op: "cast", inputs: [a], output: wide, attrs }, lowering),
    ...product({ ...step, inputs: [wide, b] }, lowering, onto),
  ];
}

export const matmul: Rule<"matmul"> = (step, lowering) => product(step, lowering, false);
