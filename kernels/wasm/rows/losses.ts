import { ROW_BYTES, ROW_RESULT } from "../abi";
import { buffer, reportBadId, word } from "../control";
import { exp, expUpTo88 } from "../elements/math";
import { blockEnd, expRow, logOf, rowMax, scaleRow, sumExp } from "./rows";
import { loadRow, madd, splat, storeRow, sumLanes } from "../simd";
import { unitEnd, unitStart } from "../tasks";

/** The label of a row in bytes; one outside the row is reported, and read as 0. */
function labelAt(labels: usize, row: i32, bytes: usize): usize {
  const label = load<i32>(labels + (<usize>row << 2));
  if (<u32>label < <u32>(bytes >> 2)) return <usize>label << 2;
  reportBadId(label, <i32>(bytes >> 2));
  return 0;
}

export function crossEntropy(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const bytes = <usize>word(args, ROW_BYTES);
  for (let row = from; row < to; row++) {
    const logits = buffer(args, ROW_RESULT + 1) + <usize>row * bytes;
    const label = labelAt(buffer(args, ROW_RESULT + 2), row, bytes);
    const most = rowMax(logits, bytes, 1);
    const loss = logOf(sumExp(logits, bytes, most)) - (load<f32>(logits + label) - most);
    store<f32>(buffer(args, ROW_RESULT) + (<usize>row << 2), loss);
  }
}

/** g · (softmax − one-hot) */
export function crossEntropyGrad(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const bytes = <usize>word(args, ROW_BYTES);
  for (let row = from; row < to; row++) {
    const y = buffer(args, ROW_RESULT) + <usize>row * bytes;
    const g = load<f32>(buffer(args, ROW_RESULT + 1) + (<usize>row << 2));
    const logits = buffer(args, ROW_RESULT + 2) + <usize>row * bytes;
    const label = labelAt(buffer(args, ROW_RESULT + 3), row, bytes);
    const sum = expRow(y, logits, bytes, 1, rowMax(logits, bytes, 1));
    scaleRow(y, bytes, g / sum);
    store<f32>(y + label, load<f32>(y + label) - g);
  }
}

/** Σ q (log q − log softmax(logits)) with q = e^anchor */
export function anchoredKl(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const bytes = <usize>word(args, ROW_BYTES);
  for (let row = from; row < to; row++) {
    const anchor = buffer(args, ROW_RESULT + 1) + <usize>row * bytes;
    const logits = buffer(args, ROW_RESULT + 2) + <usize>row * bytes;
    store<f32>(buffer(args, ROW_RESULT) + (<usize>row << 2), klRow(anchor, logits, bytes));
  }
}

function klRow(anchor: usize, logits: usize, bytes: usize): f32 {
  const most = rowMax(logits, bytes, 1);
  const shift = splat(most);
  const logSum = splat(logOf(sumExp(logits, bytes, most)));
  let total = splat(0);
  let i: usize = 0;
  while (i < bytes) {
    let sum = splat(0);
    for (const end = blockEnd(i, bytes); i < end; i += 16) {
      const logQ = loadRow(anchor, i, bytes, -1000); // e^−1000 is 0
      const logP = f32x4.sub(f32x4.sub(loadRow(logits, i, bytes, 0), shift), logSum);
      const q = exp(logQ);
      // What is impossible adds nothing: 0 · ∞ is 0 here.
      const ratio = v128.andnot(f32x4.sub(logQ, logP), f32x4.eq(q, splat(0)));
      sum = madd(q, ratio, sum);
    }
    total = f32x4.add(total, sum);
  }
  return sumLanes(total);
}

/** g · (softmax(logits) · Σq − q) with q = e^anchor */
export function anchoredKlGrad(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const bytes = <usize>word(args, ROW_BYTES);
  for (let row = from; row < to; row++) {
    const y = buffer(args, ROW_RESULT) + <usize>row * bytes;
    const g = splat(load<f32>(buffer(args, ROW_RESULT + 1) + (<usize>row << 2)));
    const anchor = buffer(args, ROW_RESULT + 2) + <usize>row * bytes;
    const logits = buffer(args, ROW_RESULT + 3) + <usize>row * bytes;
    const most = rowMax(logits, bytes, 1);
    const shift = splat(most);
    const scale = splat(massOf(anchor, bytes) / sumExp(logits, bytes, most));
    for (let i: usize = 0; i < bytes; i += 16) {
      const p = f32x4.mul(expUpTo88(f32x4.sub(v128.load(logits + i), shift)), scale);
      storeRow(y, i, bytes, f32x4.mul(g, f32x4.sub(p, exp(v128.load(anchor + i)))));
    }
  }
}

/** Σ eˣ, whatever x is. */
function massOf(x: usize, bytes: usize): f32 {
  let total = splat(0);
  let i: usize = 0;
  while (i < bytes) {
    let sum = splat(0);
    for (const end = blockEnd(i, bytes); i < end; i += 16)
      sum = f32x4.add(sum, exp(loadRow(x, i, bytes, -Infinity)));
    total = f32x4.add(total, sum);
  }
  return sumLanes(total);
}
