import type { RecipeOptions } from "../../finetune/recipe.ts";
import { html } from "../dom.ts";
import {
  promptsFor,
  SURETY_ABOUT,
  SURETY_LABEL,
  type Surety,
  sureties,
  suretyChoices,
} from "../setup/surety.ts";
import { download } from "../train/files.ts";
import type { NamedFile } from "./protocol.ts";

/** What is to be learned, and how. */
export interface Lesson {
  readonly recipe: Omit<RecipeOptions, "model" | "data" | "retain" | "eval">;
  readonly data: NamedFile;
  readonly retain: NamedFile | undefined;
}

export interface LearnBox {
  readonly element: HTMLElement;
  say(text: string): void;
  /** After a plan: whether it can begin. */
  ready(is: boolean): void;
  busy(is: boolean): void;
  /** What was learned can be saved. */
  adapter(files: Readonly<Record<string, Uint8Array>> | undefined, name: string): void;
}

/** A number of the recipe: what it does in words, then what it is called. */
interface Field {
  readonly name:
    | "alpha"
    | "outer"
    | "inner"
    | "epochs"
    | "lora"
    | "learningRate"
    | "batch"
    | "maxLength";
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number | "any";
}

const fields: readonly Field[] = [
  {
    name: "alpha",
    label: "How far each step aims at ordinary fine-tuning (α)",
    value: 0.25,
    min: 0,
    max: 1,
    step: 0.05,
  },
  { name: "outer", label: "Number of steps (T)", value: 2, min: 1, max: 20, step: 1 },
  { name: "inner", label: "Epochs in each step (K)", value: 5, min: 1, max: 100, step: 1 },
  { name: "epochs", label: "Epochs of ordinary fine-tuning", value: 3, min: 1, max: 100, step: 1 },
  {
    name: "lora",
    label: "Size of the adapter (LoRA's rank)",
    value: 16,
    min: 1,
    max: 256,
    step: 1,
  },
  { name: "learningRate", label: "Learning rate", value: 2e-4, min: 0, max: 1, step: "any" },
  { name: "batch", label: "Conversations a step", value: 8, min: 1, max: 256, step: 1 },
  {
    name: "maxLength",
    label: "Most tokens of a conversation",
    value: 256,
    min: 2,
    max: 8192,
    step: 1,
  },
];

const methods = {
  anchored: "Anchored Learning",
  sft: "Ordinary fine-tuning alone",
  asft: "ASFT: one training, kept near the base",
  dft: "DFT: improbable tokens count less",
  merge: "WiSE-FT: average of the adapter and none",
} as const;

/** A file of conversations, what is to be kept, and the knobs. */
export function learnBox(actions: {
  readonly plan: (lesson: Lesson) => void;
  readonly train: () => void;
  readonly stop: () => void;
}): LearnBox {
  const status = html("p", { role: "status" });
  const data = fileField("Conversations to learn (JSONL, JSON, CSV or Parquet)");
  const retain = fileField("What it must keep: prompts and answers, only looked at (optional)");
  const method = select(methods);
  const surety = select(suretyChoices);
  const seed = numberField({ label: "Seed", value: 0, min: 0, max: 2 ** 31 - 1, step: 1 });
  const numbers = fields.map((field) => ({ ...field, ...numberField(field) }));
  const note = html("p", { class: "muted", hidden: true }, SURETY_ABOUT);
  /** Whether α is found, and who says so. */
  function show(): void {
    const canFind = method.value === "anchored";
    surety.disabled = !canFind;
    const isFound = canFind && riskOf(surety.value) !== undefined;
    note.hidden = !isFound;
    for (const { name, input } of numbers) if (name === "alpha") input.disabled = isFound;
  }
  const plan = html("button", { type: "submit" }, "Say what it takes");
  const train = html(
    "button",
    { type: "button", class: "primary", disabled: true, onclick: actions.train },
    "Train",
  );
  const stop = html("button", { type: "button", disabled: true, onclick: actions.stop }, "Stop");
  const save = html("button", { type: "button", hidden: true }, "Save the adapter");

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    const file = await data.read();
    if (!file) {
      status.textContent = "Choose a file of conversations first.";
      return;
    }
    const kept = await retain.read();
    const risk = method.value === "anchored" ? riskOf(surety.value) : undefined;
    if (risk && !kept) {
      status.textContent = `To be sure of that, choose a file of what it must keep: ${promptsFor(risk)} different prompts at least, one half to find α by and the other to check on.`;
      return;
    }
    const asked = Object.fromEntries(
      numbers.flatMap(({ name, input }) =>
        risk && name === "alpha" ? [] : [[name, input.valueAsNumber]],
      ),
    );
    actions.plan({
      recipe: {
        ...asked,
        ...(risk && { alphaRisk: risk.risk }),
        method: method.value as keyof typeof methods,
        seed: seed.input.valueAsNumber,
      },
      data: file,
      retain: kept,
    });
  }
  const form = html(
    "form",
    {
      class: "lesson",
      onsubmit: (event: Event) => {
        submit(event).catch((error: Error) => {
          status.textContent = `The file could not be read: ${error.message}`;
        });
      },
      oninput: () => {
        train.disabled = true;
        show();
      },
    },
    data.element,
    retain.element,
    html("label", { class: "field" }, html("span", {}, "Method"), method),
    html("label", { class: "field" }, html("span", {}, SURETY_LABEL), surety),
    note,
    html(
      "details",
      {},
      html("summary", {}, "Knobs"),
      ...numbers.map(({ element }) => element),
      seed.element,
    ),
    html("div", { class: "row" }, plan, train, stop, save),
  );
  const element = html(
    "section",
    { "aria-label": "Teach", hidden: true },
    html("h3", {}, "3. Teach it"),
    html(
      "p",
      { class: "muted" },
      "An adapter (LoRA) is trained here, in this tab: first ordinary fine-tuning, then the method. Nothing leaves this device.",
    ),
    form,
    status,
  );
  return {
    element,
    say(text) {
      status.textContent = text;
    },
    ready(is) {
      train.disabled = !is;
    },
    busy(is) {
      plan.disabled = is;
      stop.disabled = !is;
      if (is) train.disabled = true;
    },
    adapter(files, name) {
      save.hidden = files === undefined;
      save.onclick = async () => {
        if (files) await saveFolder(files, name);
      };
    },
  };
}

const select = (choices: Readonly<Record<string, string>>): HTMLSelectElement =>
  html(
    "select",
    {},
    ...Object.entries(choices).map(([value, text]) => html("option", { value }, text)),
  );

const riskOf = (name: string) => sureties[name as Surety].risk;

/** A folder as a zip file, which every system opens. */
async function saveFolder(
  files: Readonly<Record<string, Uint8Array>>,
  name: string,
): Promise<void> {
  const { zipSync } = await import("fflate");
  const inside = Object.fromEntries(
    Object.entries(files).map(([path, bytes]) => [`${name}/${path}`, bytes]),
  );
  const zip = zipSync(inside, { level: 0 }) as Uint8Array<ArrayBuffer>;
  download(new Blob([zip], { type: "application/zip" }), `${name}.zip`);
}

function fileField(label: string): {
  readonly element: HTMLElement;
  readonly read: () => Promise<NamedFile | undefined>;
} {
  const input = html("input", { type: "file", accept: ".jsonl,.json,.csv,.parquet" });
  return {
    element: html("label", { class: "field" }, html("span", {}, label), input),
    async read() {
      const [file] = input.files ?? [];
      return file && { name: file.name, content: new Uint8Array(await file.arrayBuffer()) };
    },
  };
}

function numberField({ label, value, min, max, step }: Omit<Field, "name">): {
  readonly element: HTMLElement;
  readonly input: HTMLInputElement;
} {
  const input = html("input", { type: "number", value, min, max, step, required: true });
  return { input, element: html("label", { class: "field" }, html("span", {}, label), input) };
}
