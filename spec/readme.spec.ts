import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { tinyModel } from "./cli/model/tinyModel.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "node_modules/.cache/readme");
const readme = await readFile(join(root, "README.md"), "utf8");
/** What the example prints; its numbers are those of the reader's model. */
const LINE = /outer step \d: moved (\d\S*) of at most (\d\S*) nats a token/;
const code = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";

beforeAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  // What README's reader has: a model and conversations, here a random one and two.
  await tinyModel(join(folder, "my-model"), { chat: true });
  const turns = (question: string, answer: string) => ({
    messages: [
      { role: "user", content: question },
      { role: "assistant", content: answer },
    ],
  });
  const rows = [
    turns("hello", "hello there"),
    turns("who", "me"),
    turns("a", "b"),
    turns("c", "d"),
  ];
  await writeFile(
    join(folder, "mine.jsonl"),
    rows.map((row) => `${JSON.stringify(row)}\n`).join(""),
  );
  const source = join(root, "src/index.ts");
  await writeFile(join(folder, "example.ts"), code.replace('"anchorgrad"', JSON.stringify(source)));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("README's example does what README says", async () => {
  expect(code).toContain('from "anchorgrad"');
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  const before = process.cwd();
  process.chdir(folder);
  try {
    await import(/* @vite-ignore */ join(folder, "example.ts"));
    const said = log.mock.calls.map((args) => args.join(" "));
    expect(said).toHaveLength(2);
    said.forEach((line, t) => {
      expect(line).toMatch(LINE);
      expect(line).toContain(`outer step ${t}:`);
      const [moved = NaN, most = NaN] = (LINE.exec(line) ?? []).slice(1).map(Number);
      expect(moved).toBeLessThanOrEqual(most);
      expect(moved).toBeGreaterThan(0);
    });
    expect(LINE.exec(readme)).not.toBeNull();
    const saved = await readdir(join(folder, "my-adapter"));
    expect(saved).toEqual(
      expect.arrayContaining(["adapter_config.json", "adapter_model.safetensors"]),
    );
  } finally {
    process.chdir(before);
    log.mockRestore();
  }
});

test("README's example type-checks in a strict program", async () => {
  const settings = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: {
      noEmit: true,
      rewriteRelativeImportExtensions: false,
      allowImportingTsExtensions: true,
    },
    include: [],
    files: ["example.ts"],
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(settings));
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  await promisify(execFile)(process.execPath, [tsc, "-p", folder]).catch(({ stdout, message }) => {
    throw new Error(stdout || message);
  });
});
