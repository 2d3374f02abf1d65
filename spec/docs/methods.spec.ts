/** Pages of docs/ whose examples run. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test, vi } from "vitest";
import { objectives } from "../../src/anchored/objectives/methods.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, "node_modules/.cache/docs");
const page = await readFile(join(root, "docs/methods.md"), "utf8");
afterAll(() => rm(folder, { recursive: true, force: true }));

test("docs/methods.md names every method", () => {
  for (const method of Object.keys(objectives)) expect(page).toContain(`\`${method}\``);
});

test("the method of one's own in docs/methods.md learns", async () => {
  const code = /```ts\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
  await mkdir(folder, { recursive: true });
  const source = JSON.stringify(join(root, "src/index.ts"));
  await writeFile(join(folder, "example.ts"), code.replace('"anchorgrad"', source));
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  try {
    await import(/* @vite-ignore */ join(folder, "example.ts"));
    const said = log.mock.calls.map(([step, loss]) => [Number(step), Number(loss)] as const);
    expect(said.map(([step]) => step)).toEqual([20, 40]);
    expect(said[1]?.[1]).toBeLessThan(said[0]?.[1] ?? 0);
  } finally {
    log.mockRestore();
  }
});
