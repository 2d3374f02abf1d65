/**
 * What is changed, and which specs are to notice. A file's mutants are tried on the specs that bear
 * its name, then on those of the folder that mirrors its own, then on `specs` in their order.
 * `laws` are asked first about the primitive that a change concerns. `share` is how much of a sample falls to the subject; `without` leaves files out by their path.
 */
export const subjects = [
  {
    folder: "src/tensor",
    share: 0.16,
    laws: ["spec/laws/glance.spec.ts", "spec/laws/vjps.spec.ts", "spec/laws/wasm.spec.ts"],
    specs: [
      ...[
        "spec/tensor",
        "spec/laws/glance.spec.ts",
        "spec/laws/vjps.spec.ts",
        "spec/engines/engine.spec.ts",
        "spec/optim",
      ],
      ...[
        "spec/engines/checkGradient.spec.ts",
        "spec/engines/ids.spec.ts",
        "spec/laws/wasm.spec.ts",
      ],
      ...["spec/nn/functions.spec.ts", "spec/nn/losses.spec.ts", "spec/laws/composed.spec.ts"],
    ],
  },
  {
    folder: "src/compile",
    share: 0.1,
    specs: [
      ...["spec/compile", "spec/engines/engine.spec.ts", "spec/engines/donation.spec.ts"],
      ...[
        "spec/laws/wasm.spec.ts",
        "spec/engines/wasm/device.spec.ts",
        "spec/tensor/recompute.spec.ts",
      ],
    ],
  },
  {
    folder: "src/optim",
    share: 0.08,
    specs: ["spec/optim", "spec/train", "spec/anchored/plain.spec.ts"],
  },
  {
    folder: "src/anchored",
    share: 0.22,
    specs: [
      ...["spec/anchored", "spec/theory/powers.spec.ts", "spec/theory/gradients.spec.ts"],
      ...["spec/theory/temperature.spec.ts", "spec/theory/certificates.spec.ts"],
      ...["spec/theory/oneStep.spec.ts", "spec/theory/manySteps.spec.ts"],
      "spec/theory/precision.spec.ts",
    ],
  },
  {
    folder: "src/tasks",
    share: 0.24,
    specs: ["spec/tasks/tolerant", "spec/fuzz/tasks", "spec/tasks/exports.spec.ts"],
  },
  {
    folder: "kernels/wasm",
    share: 0.14,
    /** Opcodes and words are names; what is in them is no arithmetic. */
    without: /(abi|opcodes|control|index)\.ts$/,
    build: ["kernels/wasm/build.mjs", "--fast"],
    laws: ["spec/engines/wasm/kernels.spec.ts", "spec/laws/wasm.spec.ts"],
    specs: [
      ...["spec/engines/wasm/kernels.spec.ts", "spec/engines/wasm/math.spec.ts"],
      ...[
        "spec/laws/wasm.spec.ts",
        "spec/engines/wasm/lowering",
        "spec/engines/wasm/device.spec.ts",
      ],
      "spec/nn/wasm.spec.ts",
    ],
  },
  {
    folder: "kernels/gpu",
    isShader: true,
    share: 0.06,
    laws: ["spec/engines/gpu/gpu.spec.ts"],
    specs: ["spec/engines/gpu/gpu.spec.ts", "spec/engines/gpu"],
  },
];
