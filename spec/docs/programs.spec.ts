import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchChromium } from "../browser/chromium.ts";
import { tinyModel } from "../cli/model/tinyModel.ts";
import { allPages, programsOf, root } from "./blocks.ts";
import { installed, type Place } from "./installed.ts";

const pages = await allPages();
const programs = pages.flatMap(programsOf);
const examples = (await readdir(join(root, "examples"))).filter((name) => name.endsWith(".ts"));
/** Where a program stands in the folder. */
const fileOf = (name: string): string => `docs/${name.replace(/\W/g, "-")}.ts`;
const files = [
  ...programs.map(({ name }) => fileOf(name)),
  ...examples.map((name) => `examples/${name}`),
];

// The tutorial's commands, but for those that install.
const tutorial = pages.find(({ path }) => path === "docs/tutorial.md");
const commands = (tutorial?.blocks ?? [])
  .filter(({ language, about }) => language === "sh" && about !== "install")
  .map(({ text }) => text)
  .join("\n");
const MODEL = "models--HuggingFaceTB--SmolLM2-135M-Instruct";
const COMMIT = "0".repeat(40);

/** However busy the machine is, ms. */
const PATIENT = { timeout: 600_000 };

let place: Place;
beforeAll(async () => {
  place = await installed([
    ...["fast-check", "@huggingface", "franc"],
    ...["trigram-utils", "n-gram", "collapse-white-space"],
  ]);
  const at = (path: string): string => join(place.folder, path);
  await mkdir(at("docs"));
  await mkdir(at("examples"));
  // What a reader has: a model and conversations, here a random one and four.
  await tinyModel(at("my-model"), { chat: true });
  const rows = ["hello", "who", "a", "c"].map((question) => ({
    messages: [
      { role: "user", content: question },
      { role: "assistant", content: `${question} there` },
    ],
  }));
  await writeFile(at("mine.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  for (const { name, code } of programs) await writeFile(at(fileOf(name)), code);
  for (const name of examples) await copyFile(join(root, "examples", name), at(`examples/${name}`));
  // What the Hub has, in the cache of somebody who has pulled it: here a random model.
  const hub = join(place.folder, "hub", MODEL);
  await tinyModel(join(hub, "snapshots", COMMIT), { chat: true });
  await mkdir(join(hub, "refs"));
  await writeFile(join(hub, "refs/main"), COMMIT);
}, PATIENT.timeout);
afterAll(() => place?.[Symbol.asyncDispose]());

test.each([
  ["nodenext", { module: "nodenext", outDir: "out" }],
  ["bundler", { module: "esnext", moduleResolution: "bundler", noEmit: true }],
])("all programs type-check strictly, %s", PATIENT, (_, options) => place.check(files, options));

const runOf = (file: string): Promise<string> =>
  place.run(process.execPath, [`out/${file.replace(/ts$/, "js")}`]);

/** What README's program prints; its numbers are those of the reader's model. */
const LINE = /outer step \d: moved (\d\S*) of at most (\d\S*) nats a token/;

describe("programs of the documentation print what it says", PATIENT, () => {
  test.each(programs)("$name", async ({ name, code, printed }) => {
    expect(code).toContain('from "anchorgrad');
    const said = await runOf(fileOf(name));
    expect(said).not.toBe("");
    if (!name.startsWith("README")) {
      if (printed !== "") expect(said).toBe(printed);
      return;
    }
    const lines = said.trim().split("\n");
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      const [moved = NaN, most = NaN] = (LINE.exec(line) ?? []).slice(1).map(Number);
      expect(moved).toBeLessThanOrEqual(most);
      expect(moved).toBeGreaterThan(0);
    }
    expect(await readFile(join(root, "README.md"), "utf8")).toMatch(LINE);
    expect(await readdir(join(place.folder, "my-adapter"))).toEqual(
      expect.arrayContaining(["adapter_config.json", "adapter_model.safetensors"]),
    );
  });
});

/** What an example says that it prints, behind its calls of `console.log`; `…` stands for anything. */
const promised = (code: string): readonly RegExp[] =>
  [...code.matchAll(/console\.log\([^;]*\);((?:\s*\/\/ .+)+)/g)]
    .flatMap(([, comments = ""]) => comments.split(/\s*\/\/ /).filter(Boolean))
    .map(
      (text) => new RegExp(text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("…", ".*")),
    );

test("the example of a page without a bundler computes in a browser", PATIENT, async () => {
  await copyFile(join(root, "examples/page.html"), join(place.folder, "page.html"));
  const server = createServer(async ({ url = "" }, response) => {
    const bytes = await readFile(join(place.folder, url)).catch(() => undefined);
    const type = url.endsWith(".html") ? "text/html" : "text/javascript";
    response.writeHead(bytes ? 200 : 404, { "content-type": type });
    response.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENT.timeout);
    const errors: unknown[] = [];
    page.on("pageerror", (error) => errors.push(error));
    const { port } = server.address() as AddressInfo;
    await page.goto(`http://127.0.0.1:${port}/page.html`);
    await expect.poll(() => page.locator("#line").innerText(), PATIENT).not.toBe("…");
    expect(await page.locator("#line").innerText()).toBe("2.00x + 1.00");
    expect(errors).toEqual([]);
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
});

describe("examples run, and print what their comments say", PATIENT, () => {
  test.each(examples)("%s", async (name) => {
    const code = await readFile(join(root, "examples", name), "utf8");
    expect(code).toMatch(/^\/\*\*/);
    const said = await runOf(`examples/${name}`);
    expect(said.trim()).not.toBe("");
    const lines = said.split("\n");
    let from = 0;
    for (const line of promised(code)) {
      const found = lines.findIndex((text, i) => i >= from && line.test(text));
      expect(found, `${line} in\n${said}`).toBeGreaterThanOrEqual(from);
      from = found + 1;
    }
  });
});

test("the tutorial's commands run as they stand", PATIENT, async () => {
  // What npx does, without the second that npm takes to find it.
  const npx = 'npx() { local name="$1"; shift; "node_modules/.bin/$name" "$@"; }';
  const script = `set -euo pipefail\nchmod +x node_modules/anchorgrad/dist/src/cli/main.js\n${npx}\n${commands}`;
  const said = await place.run("bash", ["-c", script], {
    HF_HUB_CACHE: join(place.folder, "hub"),
    HF_HUB_OFFLINE: "1",
  });
  expect(said).toContain(`snapshots/${COMMIT}`);
  expect(said).toMatch(/^anchored +\d/m);
  expect(said).toMatch(/^asft +\d/m);
  for (const file of [
    "runs/mine/report.html",
    "runs/mine/adapter/adapter_model.safetensors",
    "runs/merge/recipe.json",
    "mine.gguf",
    "merged/model.safetensors",
  ])
    expect(existsSync(join(place.folder, file)), `${file}\n${said}`).toBe(true);
});
