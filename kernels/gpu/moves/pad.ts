import { stridesOf } from "../../../src/tensor/shapes.ts";
import { type Lowering, lanesFor } from "../kernel.ts";

export const pad: Lowering<"pad"> = ({ shapes: [x = []], shape, attrs, wide }) => {
  const rank = shape.length;
  const lastBefore = attrs.before[rank - 1] ?? 0;
  // A texel is then either all inside or all zeros.
  const lanes = rank === 0 ? 1 : lanesFor(wide, shape[rank - 1] ?? 1, x[rank - 1] ?? 1, lastBefore);
  const unit = (axis: number): number => (axis === rank - 1 ? lanes : 1);
  const strides = stridesOf(x);
  return [
    {
      reads: [0],
      extent: rank === 0 ? [1] : shape.with(rank - 1, (shape[rank - 1] as number) / lanes),
      lanes,
      body(cell, ...at) {
        if (rank === 0) return [cell.at(0, "0")];
        const inside: string[] = [];
        const terms = x.map((length, axis) => {
          const before = (attrs.before[axis] as number) / unit(axis);
          const i = before === 0 ? (at[axis] as string) : cell.declare(`${at[axis]} - ${before}`);
          if (before > 0) inside.push(`${i} >= 0`);
          if ((attrs.after[axis] as number) > 0) inside.push(`${i} < ${length / unit(axis)}`);
          const stride = ((strides[axis] as number) * unit(axis)) / lanes;
          return stride === 1 ? i : `${i} * ${stride}`;
        });
        const place = terms.join(" + ");
        if (inside.length === 0) return cell.load(0, place, lanes);
        const within = cell.declare(`${inside.map((c) => `(${c} ? 1 : 0)`).join(" * ")}`);
        // Reads outside the tensor are undefined, so a zero's cell reads the first number.
        const from = cell.declare(`${within} == 1 ? ${place} : 0`);
        return cell.load(0, from, lanes).map((v) => `${within} == 1 ? ${v} : 0`);
      },
    },
  ];
};
