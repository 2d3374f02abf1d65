import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runFinetune } from "../../src/finetune/finetune.ts";
import { decodeSafetensors } from "../../src/weights/safetensors.ts";
import { onGpu } from "../browser/chromium.ts";
import { jsonl, writeTinyModel } from "../finetune/tinyModel.ts";
import { checkpoints, isAbsent, reason } from "../weights/checkpoints.ts";
import {
  answerIn,
  answerOf,
  type Knobs,
  type Lesson,
  openModel,
  talk,
  teach,
} from "./model/tab.ts";
import { openLab } from "./site.ts";
import { newProfile } from "./visitor.ts";

const lab = openLab();
let place: string;

const turn = (text: string, answer: string) => ({
  messages: [
    { role: "user", content: text },
    { role: "assistant", content: answer },
  ],
});
const tinyRows = ["ab", "ba", "aab", "bba", "abab", "baba"].map((text) => turn(text, "ab!"));
const storyRows = ["ball", "cat", "dog", "tree", "car", "hat"].map((thing) => ({
  prompt: `Where is the ${thing}?`,
  completion: " I do not know, said the old owl.",
}));

/** Fewer steps than they stand at. */
const knobs: Knobs = {
  "Number of steps (T)": ["outer", 2],
  "Epochs in each step (K)": ["inner", 2],
  "Epochs of ordinary fine-tuning": ["epochs", 2],
  "Size of the adapter (LoRA's rank)": ["lora", 4],
  "Learning rate": ["learningRate", 0.004],
  "Conversations a step": ["batch", 3],
  "Most tokens of a conversation": ["maxLength", 64],
};
/** A step of SFT and one of the method: a rasteriser compiles shaders longer than it trains. */
const oneStep: Knobs = {
  ...knobs,
  ...{ "Number of steps (T)": ["outer", 1], "Epochs in each step (K)": ["inner", 1] },
  ...{ "Epochs of ordinary fine-tuning": ["epochs", 1], "Conversations a step": ["batch", 1] },
};

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "anchorgrad-lab-"));
  await writeTinyModel(join(place, "tiny"));
  await writeFile(join(place, "tiny.jsonl"), jsonl(tinyRows));
  await writeFile(join(place, "one.jsonl"), jsonl(tinyRows.slice(0, 1)));
  await writeFile(join(place, "stories.jsonl"), jsonl(storyRows));
});
afterAll(() => rm(place, { recursive: true }));

const made = new Map<string, Promise<Uint8Array>>();
/** The same by the command line's run, made once. @returns the adapter's file */
function inNode(
  folder: string,
  data: string,
  { given, retain = data }: Lesson,
): Promise<Uint8Array> {
  const key = JSON.stringify([folder, data, given, retain]);
  const found = made.get(key) ?? runInNode(folder, data, { given, retain });
  made.set(key, found);
  return found;
}

async function runInNode(
  folder: string,
  data: string,
  { given, retain }: Required<Lesson>,
): Promise<Uint8Array> {
  const asked = Object.fromEntries(Object.values(given));
  const looked = retain === "" ? {} : { retain };
  const recipe = { ...asked, ...looked, model: folder, data, method: "anchored" } as const;
  const out = await mkdtemp(join(place, "run-"));
  for await (const _ of runFinetune({ recipe: { ...recipe, backend: "wasm" }, out, threads: 1 }));
  return readFile(join(out, "adapter/adapter_model.safetensors"));
}

const models = [
  {
    name: "a tiny model",
    folder: () => join(place, "tiny"),
    data: () => join(place, "tiny.jsonl"),
    absent: false,
  },
  {
    name: `a trained model${isAbsent ? ` (${reason})` : ""}`,
    folder: () => join(checkpoints, "stories260K"),
    data: () => join(place, "stories.jsonl"),
    absent: isAbsent,
  },
];

describe.each(models)("$name in the tab", ({ folder, data, absent }) => {
  test.skipIf(absent)(
    "is dropped, talks, learns to the command line's bits, and is saved for it",
    async () => {
      const profile = await newProfile(lab.browser);
      const { page, complaints } = await openModel(
        profile,
        lab.site.address,
        folder(),
        "wasm",
        true,
      );
      expect(await talk(page, "ab")).toHaveLength(1);
      const files = await teach(page, data(), { given: knobs });
      const expected = await inNode(folder(), data(), { given: knobs });
      expect(Buffer.from(files["adapter_model.safetensors"] ?? []).equals(expected)).toBe(true);
      expect(Object.keys(files).sort()).toEqual([
        "adapter_config.json",
        "adapter_model.safetensors",
      ]);
      const voices = await talk(page, "ab");
      expect(voices).toHaveLength(3);
      expect(await answerOf(folder(), files, "ab")).toBe(answerIn(voices.at(-1)));
      await page.getByText(/On the retained prompts|SFT hardly moved/).waitFor();
      for (const chart of ["Loss", "The task", "What it should keep"]) {
        const drawn = page.locator("figure", { has: page.getByRole("heading", { name: chart }) });
        await drawn.scrollIntoViewIfNeeded();
        await drawn.locator("svg").waitFor();
      }
      expect(complaints).toEqual([]);
      await profile.close();
    },
  );
});

describe("the model's view", () => {
  test.each([
    ["WebGPU", "webgpu", "tiny.jsonl", { given: knobs }],
    // One row, nothing looked at beside it: each shape is a shader more to compile.
    ["WebGL 2", "webgl2", "one.jsonl", { given: oneStep, retain: "" }],
  ] as const)("learns on %s within tolerance", async (_, engine, name, lesson) => {
    const profile = await newProfile(lab.browser);
    const { page, complaints } = await openModel(
      profile,
      lab.site.address,
      join(place, "tiny"),
      engine,
    );
    // It says so when it is no graphics card, and what is faster.
    if (!onGpu) await page.getByText(/WebAssembly is many times faster/).waitFor();
    const rows = join(place, name);
    const files = await teach(page, rows, lesson);
    const own = decodeSafetensors(files["adapter_model.safetensors"] as Uint8Array, "page").tensors;
    const bytes = await inNode(join(place, "tiny"), rows, lesson);
    for (const [tensor, { data }] of Object.entries(decodeSafetensors(bytes, "node").tensors)) {
      const other = own[tensor]?.data ?? [];
      const most = Math.max(...Array.from(data, (x, i) => Math.abs(x - (other[i] ?? Number.NaN))));
      // Adam divides by the gradients' size: rounding alone moves what hardly has any.
      expect(most, tensor).toBeLessThan(2e-3);
    }
    expect(complaints).toEqual([]);
    await profile.close();
  });

  test("says what is wrong with a folder, with data, and goes on", async () => {
    const profile = await newProfile(lab.browser);
    const { page } = await openModel(profile, lab.site.address, join(place, "tiny"), "wasm");
    const empty = await mkdtemp(join(place, "empty-"));
    await writeFile(join(empty, "notes.txt"), "no model");
    await page.getByLabel("A model's folder").setInputFiles(empty);
    await page.getByText(/Expected a model's folder: config\.json/).waitFor();
    await writeFile(join(place, "broken.jsonl"), '{"prompt": 1}\n');
    await page.getByLabel(/^Conversations to learn/).setInputFiles(join(place, "broken.jsonl"));
    await page.getByRole("button", { name: "Say what it takes" }).click();
    await page.getByText(/broken\.jsonl:1: /).waitFor();
    expect(await talk(page, "ab")).toHaveLength(1);
    await profile.close();
  });

  test("pulls a model of the Hub when asked, goes on where it was stopped, and keeps it", async () => {
    const profile = await newProfile(lab.browser);
    const folder = join(place, "tiny");
    const names = await readdir(folder);
    const content = new Map(
      await Promise.all(
        names.map(async (name) => [name, await readFile(join(folder, name))] as const),
      ),
    );
    const cors = { "access-control-allow-origin": "*" };
    const ranges: string[] = [];
    let isCut = true;
    await profile.route("https://huggingface.co/**", async (route) => {
      const { pathname } = new URL(route.request().url());
      if (pathname === "/api/models/org/tiny") {
        const siblings = [...content].map(([rfilename, { length }]) => ({
          rfilename,
          size: length,
        }));
        const others = [{ rfilename: "pytorch_model.bin", size: 2 ** 40 }];
        await route.fulfill({
          headers: cors,
          json: { sha: "0123456789".repeat(4), siblings: [...siblings, ...others] },
        });
        return;
      }
      const bytes = content.get(pathname.split("/").at(-1) ?? "") ?? Buffer.alloc(0);
      const range = await route.request().headerValue("range");
      if (range !== null) ranges.push(range);
      const from = Number(/bytes=(\d+)-/.exec(range ?? "")?.[1] ?? 0);
      // The first time only half of the weights comes, and then nothing more.
      if (isCut && pathname.endsWith(".safetensors")) {
        if (from > 0) return route.abort();
        return route.fulfill({
          headers: cors,
          status: 200,
          body: bytes.subarray(0, bytes.length / 2),
        });
      }
      return route.fulfill({
        headers: cors,
        status: from > 0 ? 206 : 200,
        body: bytes.subarray(from),
      });
    });
    const page = await profile.newPage();
    await page.goto(`${lab.site.address}#view=model`);
    await page.getByLabel("Where it runs").selectOption("wasm");
    await page.getByText("Pull one from the Hub").click();
    const pull = async (): Promise<void> => {
      await page.getByLabel("Model of the Hub").fill("https://huggingface.co/org/tiny");
      await page.getByRole("button", { name: "Look it up" }).click();
      await page.getByRole("button", { name: /^Pull / }).click();
    };
    await pull();
    await page.getByText(/Failed to fetch|failed/).waitFor();
    expect(await page.getByRole("button", { name: /^Open / }).count()).toBe(0);
    isCut = false;
    await pull();
    await page.getByText(/ parameters, /).waitFor();
    const half = Math.floor((content.get("model.safetensors")?.length ?? 0) / 2);
    expect(ranges.at(-1)).toBe(`bytes=${half}-`);
    await page.reload();
    await page.getByLabel("Where it runs").selectOption("wasm");
    await page.getByRole("button", { name: /^Open org\/tiny/ }).click();
    await page.getByText(/ parameters, /).waitFor();
    await profile.close();
  });
});
