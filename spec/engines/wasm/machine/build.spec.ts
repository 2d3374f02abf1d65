import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { relaxedSimd, simd } from "../../../../src/engines/wasm/machine/modules.generated.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const build = (project: string) =>
  spawnSync(process.execPath, [join(project, "kernels/wasm/build.mjs")], { encoding: "utf8" });

describe("kernels/wasm/build.mjs", () => {
  let project: string;
  beforeEach(async () => {
    project = await mkdtemp(join(tmpdir(), "kernels-"));
    await cp(join(root, "kernels/wasm"), join(project, "kernels/wasm"), { recursive: true });
    await mkdir(join(project, "src/engines/wasm/machine"), { recursive: true });
    await symlink(join(root, "node_modules"), join(project, "node_modules"));
  });
  afterEach(() => rm(project, { recursive: true }));

  test("has built what is here, and leaves it alone", () => {
    const { status, stdout } = build(root);
    expect(stdout).toBe("kernels/wasm: up to date\n");
    expect(status).toBe(0);
  });

  test("fails and writes nothing where a kernel does not compile", async () => {
    await writeFile(join(project, "kernels/wasm/rows/rope.ts"), "export function rope(: void {}\n");
    const { status, stderr } = build(project);
    expect(status).not.toBe(0);
    expect(stripVTControlCharacters(stderr)).toMatch(/kernels\/wasm: ERROR [\s\S]*rope\.ts/);
    expect(await readdir(join(project, "src/engines/wasm/machine"))).toEqual([]);
  });

  test("makes modules without data, which workers would write again", () => {
    for (const base64 of [simd, relaxedSimd]) {
      const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
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
