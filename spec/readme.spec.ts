import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test, vi } from "vitest";

test("README's example prints what README says", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const code = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  const printed = /prints `([^`]*)`/.exec(readme)?.[1];
  expect(code).toContain('from "anchorgrad"');
  const folder = new URL("../node_modules/.cache/readme/", import.meta.url);
  const file = fileURLToPath(new URL("example.ts", folder));
  await mkdir(folder, { recursive: true });
  const source = fileURLToPath(new URL("../src/index.ts", import.meta.url));
  await writeFile(file, code.replace('"anchorgrad"', JSON.stringify(source)));
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  try {
    await import(/* @vite-ignore */ file);
    expect(log.mock.calls.map((args) => args.join(" ")).join("\n")).toBe(printed);
  } finally {
    log.mockRestore();
    await rm(folder, { recursive: true });
  }
});
