import { spawnSync } from "node:child_process";
import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build as bundle } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildPlan } from "../../../../src/compile/build.ts";
import { full } from "../../../../src/tensor/apply.ts";
import * as ops from "../../../../src/tensor/ops.ts";
import type { Tensor } from "../../../../src/tensor/tensor.ts";
import { build, copyOfKernels, type Project, root } from "./project.ts";

// What happens to somebody who adds a primitive and forgets one of the places that must know of it.

/** Files with a row for each primitive. */
const TABLES = [
  ...["src/tensor/traits.ts", "src/tensor/shapeRules.ts", "src/tensor/vjps.ts"],
  ...["src/engines/reference/table.ts", "src/engines/wasm/lowering/rules.ts"],
  ...["kernels/gpu/table.ts", "spec/laws/arbitraries.ts"],
];

describe("a place that is forgotten does not compile:", () => {
  let project: Project;
  let errors: string;
  beforeAll(async () => {
    project = await copyOfKernels();
    for (const part of ["src", "kernels/gpu", "spec", "tsconfig.json", "package.json"])
      await cp(join(root, part), join(project.folder, part), {
        recursive: true,
        filter: (path) => !/\/(lab|experiment|browser|cli|tasks)(\/|$)/.test(path),
      });
    await project.replace("src/tensor/tensor.ts", "  neg: Unary;", "  neg: Unary;\n  sign: Unary;");
    await project.replace("kernels/wasm/abi.ts", "export const MATMUL_ONTO = 11;", "");
    await project.replace("kernels/wasm/opcodes.ts", "export const ROPE = 35;", "");
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const config = join(project.folder, "tables.json");
    // These, and what they import: to check the rest, which is not looked at, takes four times as long.
    const files = [...TABLES, "src/engines/wasm/lowering/matmul.ts"];
    await writeFile(config, JSON.stringify({ extends: "./tsconfig.json", include: [], files }));
    errors = spawnSync(process.execPath, [tsc, "-p", config, "--pretty", "false"], {
      encoding: "utf8",
    }).stdout;
  });
  afterAll(() => project[Symbol.asyncDispose]());

  /** Errors of a file. */
  const of = (file: string): string[] =>
    errors.split("\n").filter((line) => line.includes(`${file}(`));

  test.each(TABLES)("the row of a new primitive in %s", (file) => {
    expect(of(file).join("\n")).toContain("Property 'sign' is missing");
  });

  test("the word of a kernel, or the opcode, that its rule names", () => {
    expect(of("src/engines/wasm/lowering/matmul.ts").join()).toContain("'MATMUL_ONTO'");
    expect(of("src/engines/wasm/lowering/rules.ts").join()).toContain("'ROPE'");
  });

  test("the same in the kernels, which say both", () => {
    const { status, stderr } = build(project.folder, "--fast");
    expect(status).not.toBe(0);
    expect(stderr).toContain("Module 'abi' has no exported member 'MATMUL_ONTO'");
    expect(stderr).toContain("Property 'ROPE' does not exist");
  });
});

describe("a kernel that is forgotten ends in an error that names it:", () => {
  let wasm: typeof import("../../../../src/engines/wasm/device.ts");
  beforeAll(async () => {
    await using project = await copyOfKernels();
    for (const part of ["src", "kernels/gpu"])
      await cp(join(root, part), join(project.folder, part), { recursive: true });
    const inDispatch = "    case op.COS: return elementwise.cos(args, task);\n";
    await project.replace("kernels/wasm/dispatch.ts", inDispatch, "");
    const elementwise = "kernels/wasm/elements/elementwise.ts";
    await project.replace(elementwise, "  if (op == EXP) return vexp(x);\n", "");
    await project.replace(elementwise, "  if (op == LESS) return", "  if (op == COPY) return");
    expect(build(project.folder, "--fast")).toMatchObject({ status: 0 });
    const outfile = join(project.folder, "device.mjs");
    await bundle({
      ...{ entryPoints: [join(project.folder, "src/engines/wasm/device.ts")], outfile },
      ...{ bundle: true, platform: "node", format: "esm", logLevel: "error" },
    });
    wasm = await import(pathToFileURL(outfile).href);
  });

  /** Enough elements that all threads have some. */
  const x = full([1 << 18], 0.5);
  const forgotten: Readonly<Record<string, Tensor>> = {
    COS: ops.cos(x),
    EXP: ops.exp(x),
    LESS: ops.less(x, ops.sqrt(x)),
    "COS of a chain": ops.cos(ops.sqrt(ops.cos(x))),
  };

  for (const threads of [1, 3])
    test.each(Object.entries(forgotten))(`%s, threads: ${threads}`, async (name, y) => {
      const device = await wasm.createWasmDevice({ threads });
      const program = await device.prepare(buildPlan([y], []));
      const opcode = name.split(" ")[0];
      await expect(program.run([])).rejects.toThrow(
        new RegExp(`^wasm: expected an opcode that the kernels know, got \\d+ \\(${opcode}\\)`),
      );
    });

  test("all others compute as ever", async () => {
    const device = await wasm.createWasmDevice({ threads: 1 });
    const program = await device.prepare(buildPlan([ops.sqrt(full([3], 4))], []));
    const [y] = await program.run([]);
    expect(y && (await device.read(y, [3], "float"))).toEqual(Float32Array.of(2, 2, 2));
    await device.close();
  });
});
