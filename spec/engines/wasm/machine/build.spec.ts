import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { relaxedSimd, simd } from "../../../../src/engines/wasm/machine/modules.generated.ts";
import { build, copyOfKernels, MODULES, type Project, root } from "./project.ts";

describe("kernels/wasm/build.mjs", () => {
  let project: Project;
  beforeEach(async () => {
    project = await copyOfKernels();
  });
  afterEach(() => project[Symbol.asyncDispose]());

  test("has built what is here, and leaves it alone", () => {
    const { status, stdout } = build(root);
    expect(stdout).toBe("kernels/wasm: up to date\n");
    expect(status).toBe(0);
  });

  test("fails and writes nothing where a kernel does not compile", async () => {
    const rope = join(project.folder, "kernels/wasm/rows/rope.ts");
    await writeFile(rope, "export function rope(: void {}\n");
    const { status, stderr } = build(project.folder);
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/kernels\/wasm: ERROR [\s\S]*rope\.ts/);
    expect(await readdir(join(project.folder, "src/engines/wasm/machine"))).toEqual([]);
  });

  test("does less in a fast build, which serves nobody who wants all of it", async () => {
    // A module of nothing, which takes no time.
    const nothing = "export function initialize(): void {}\n";
    await writeFile(join(project.folder, "kernels/wasm/index.ts"), nothing);
    const modules = join(project.folder, MODULES);
    const stampOf = async () => (await readFile(modules, "utf8")).split("\n")[0];
    const built = /^kernels\/wasm: built/;
    const upToDate = "kernels/wasm: up to date\n";
    expect(build(project.folder, "--fast").stdout).toMatch(built);
    const fast = await stampOf();
    expect(await readFile(modules, "utf8")).toMatch(
      /relaxedSimd: string \| undefined =\s+undefined/,
    );
    expect(build(project.folder, "--fast").stdout).toBe(upToDate);
    expect(build(project.folder).stdout).toMatch(built);
    expect(fast).toBe(`${await stampOf()} fast`);
    for (const flags of [[], ["--fast"]])
      expect(build(project.folder, ...flags).stdout).toBe(upToDate);
  });

  test("makes modules without data, which workers would write again", () => {
    for (const hex of [simd, relaxedSimd ?? simd]) {
      const bytes = Uint8Array.from(Buffer.from(hex, "hex"));
      expect(sectionsOf(bytes)).not.toContain(DATA_SECTION);
    }
  });
});

const DATA_SECTION = 11;

/** The numbers of a module's sections. */
function sectionsOf(bytes: Uint8Array): number[] {
  const sections: number[] = [];
  for (let at = 8; at < bytes.length; ) {
    sections.push(bytes[at++] as number);
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] as number;
      size |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    at += size;
  }
  return sections;
}
