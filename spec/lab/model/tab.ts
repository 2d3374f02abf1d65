import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { unzipSync } from "fflate";
import type { BrowserContext, Page } from "playwright-core";
import { chat } from "../../../src/cli/chat/chat.ts";
import type { RecipeOptions } from "../../../src/finetune/recipe.ts";
import { openPlace } from "../../cli/terminal.ts";

/** What the page's fields say, by their labels. */
export type Knobs = Readonly<Record<string, readonly [name: keyof RecipeOptions, value: number]>>;

/** Settings, and the file of what is to be kept: by default the data's, or none. */
export interface Lesson {
  readonly given: Knobs;
  readonly retain?: string;
}

/** Drops a folder where the page asks for one, as a file manager does. */
async function drop(page: Page, folder: string): Promise<void> {
  const target = page.locator(".drop").first();
  await target.scrollIntoViewIfNeeded();
  const { x, y, width, height } = (await target.boundingBox()) ?? {
    x: 0,
    y: 0,
    width: 0,
    height: 0,
  };
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [folder], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const)
    await session.send("Input.dispatchDragEvent", {
      ...{ type, data, x: x + width / 2, y: y + height / 4 },
    });
  await session.detach();
}

/** Opens the view and the model, and complains of what the page complains of. */
export async function openModel(
  profile: BrowserContext,
  site: string,
  folder: string,
  engine: string,
  isDropped = false,
): Promise<{ readonly page: Page; readonly complaints: readonly string[] }> {
  const page = await profile.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.goto(`${site}#view=model`);
  await page.getByLabel("Where it runs").selectOption(engine);
  if (isDropped) await drop(page, folder);
  else await page.getByLabel("A model's folder").setInputFiles(folder);
  await page.getByText(/ parameters, /).waitFor();
  return { page, complaints };
}

/** Teaches the open model in the page. @returns the files of the adapter that it saves */
export async function teach(
  page: Page,
  data: string,
  { given, retain = data }: Lesson,
): Promise<Readonly<Record<string, Uint8Array>>> {
  const files = page.getByRole("region", { name: "Teach" });
  await files.getByLabel(/^Conversations to learn/).setInputFiles(data);
  if (retain !== "") await files.getByLabel(/^What it must keep/).setInputFiles(retain);
  await files.getByText("Knobs").click();
  for (const [label, [, value]] of Object.entries(given))
    await files.getByLabel(label).fill(`${value}`);
  await page.getByRole("button", { name: "Say what it takes" }).click();
  await page.getByText(/ conversations: \d+ steps, about /).waitFor();
  await page.getByRole("button", { name: "Train", exact: true }).click();
  await page.getByText("Finished.").waitFor();
  const [saved] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Save the adapter" }).click(),
  ]);
  const zip = unzipSync(await readFile(await saved.path()));
  return Object.fromEntries(
    Object.entries(zip).map(([path, bytes]) => [path.slice(path.indexOf("/") + 1), bytes]),
  );
}

/** Says something to all voices. @returns what each of them answers */
export async function talk(page: Page, text: string): Promise<readonly string[]> {
  await page.getByLabel("What to say").fill(text);
  await page.getByRole("button", { name: "Ask" }).click();
  await page.locator("button:enabled", { hasText: "Ask" }).waitFor();
  return page.locator(".voices").last().locator(".said").allTextContents();
}

/** Without what the page says itself behind an answer that was cut off. */
export const answerIn = (said = ""): string => said.replace(/… \([^)]*\)$/, "").trim();

/** So many tokens the page lets an answer have. */
const ROOM = 256;

/** What the command line answers, with an adapter that the page saved or without one. */
export async function answerOf(
  model: string,
  files: Readonly<Record<string, Uint8Array>> | undefined,
  text: string,
): Promise<string> {
  const there = await openPlace();
  try {
    const adapter = await mkdtemp(join(there.folder, "saved-"));
    for (const [name, bytes] of Object.entries(files ?? {}))
      await writeFile(join(adapter, name), bytes);
    const { out } = await there.run(
      chat,
      [
        ...["--model", model, "--greedy", ...(files ? ["--adapter", adapter] : [])],
        ...`--backend wasm --max-tokens ${ROOM}`.split(" "),
      ],
      { input: Readable.from([`${text}\n`]) },
    );
    return out.trim();
  } finally {
    await there.close();
  }
}
