import { expect, test } from "vitest";
import type { DeviceTraits } from "../../../kernels/gpu/kernel.ts";
import { lowerings } from "../../../kernels/gpu/table.ts";
import { at } from "../../../src/tensor/shapes.ts";
import { traits } from "./emitted.ts";

const hardware: DeviceTraits = traits.webgpu;
const withSubgroups: DeviceTraits = { ...hardware, features: ["subgroups"] };

/** The shader of a softmax over rows of 4096, by workgroups of 256 threads. */
function softmaxOn(device: DeviceTraits): string {
  const shape = [8, 4096];
  const kernels = lowerings.softmax({
    ...{ ...device, shapes: [shape], dtypes: ["float"], shape, attrs: {} },
  });
  return at(kernels, 0).shader?.code ?? "";
}

/** Statements of a function of the shader. */
const functionOf = (code: string, name: string): string =>
  new RegExp(`fn fn_${name}\\(.*?\\{([\\s\\S]*?)\\n?return all; \\}`).exec(code)?.[1] ?? "";

/** Barriers that a workgroup of 256 meets in a function: those of its loop eight times. */
function barriersIn(body: string): number {
  const count = (text: string): number => text.split("workgroupBarrier()").length - 1;
  const halvings = /for \(var step = 128u[\s\S]*?\n {2}\}/.exec(body)?.[0] ?? "";
  return count(body.replace(halvings, "")) + 8 * count(halvings);
}

test("a row's sum and its largest number meet two barriers by subgroups, ten in memory", () => {
  for (const name of ["sharedSum", "sharedMax"]) {
    expect(barriersIn(functionOf(softmaxOn(hardware), name)), name).toBe(10);
    expect(barriersIn(functionOf(softmaxOn(withSubgroups), name)), name).toBe(2);
  }
});

test("a shader enables subgroups where it uses them, before all else", () => {
  const code = softmaxOn(withSubgroups);
  expect(code.startsWith("enable subgroups;\n")).toBe(true);
  expect(code).toMatch(/subgroupAdd\(x\)/);
  expect(softmaxOn(hardware)).not.toMatch(/subgroup/);
});
