import { exp, log } from "../../tensor/portable.ts";
import { at, ofRank } from "../../tensor/shapes.ts";
import { type Compute, read } from "./rows.ts";

/** A query goes through the slots that it sees, and no others. */
export const rangeAttention: Compute<"rangeAttention"> = (out, inputs, attrs, shape) => {
  const [q, k, v, slots, positions] = inputs;
  const { scale, softcap, window } = attrs;
  const [B, H, T, D] = ofRank(4, shape);
  const [G, S] = [at(k.shape, 1), at(k.shape, 2)];
  const bounded = (x: number) => (softcap === null ? x : softcap * Math.tanh(x / softcap));
  for (let row = 0; row < B * H * T; row++) {
    const [head, t] = [Math.floor(row / T), row % T];
    const b = Math.floor(head / H);
    const first = (b * G + Math.floor((head % H) / (H / G))) * S;
    const last = read(slots.data, b * T + t);
    const behind = Math.min(read(positions.data, b * T + t), last, (window ?? S) - 1);
    out.fill(0, row * D, (row + 1) * D);
    if (last < 0 || last >= S || behind < 0) continue;
    const scores = Float64Array.from({ length: behind + 1 }, (_, i) => {
      const from = (first + last - behind + i) * D;
      let score = 0;
      for (let d = 0; d < D; d++) score += read(q.data, row * D + d) * read(k.data, from + d);
      return bounded(score * scale);
    });
    const most = scores.reduce((x, y) => Math.max(x, y));
    const total = log(scores.reduce((sum, score) => sum + exp(score - most), 0));
    scores.forEach((score, i) => {
      const weight = exp(score - most - total);
      const from = (first + last - behind + i) * D;
      for (let d = 0; d < D; d++)
        out[row * D + d] = read(out, row * D + d) + weight * read(v.data, from + d);
    });
  }
};
