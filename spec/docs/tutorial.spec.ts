import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tinyModel } from "../cli/model/tinyModel.ts";
import { allPages } from "./blocks.ts";
import { installed, type Place } from "./installed.ts";

const tutorial = (await allPages()).find(({ path }) => path === "docs/tutorial.md");
const commands = (tutorial?.blocks ?? [])
  .filter(({ language, about }) => language === "sh" && about !== "install")
  .map(({ text }) => text)
  .join("\n");
const MODEL = "models--HuggingFaceTB--SmolLM2-135M-Instruct";
const COMMIT = "0".repeat(40);

let place: Place;
beforeAll(async () => {
  place = await installed();
  // What the Hub has, in the cache of somebody who has pulled it: here a random model.
  const hub = join(place.folder, "hub", MODEL);
  await tinyModel(join(hub, "snapshots", COMMIT), { chat: true });
  await mkdir(join(hub, "refs"));
  await writeFile(join(hub, "refs/main"), COMMIT);
});
afterAll(() => place?.[Symbol.asyncDispose]());

test("the tutorial's commands run as they stand", async () => {
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
