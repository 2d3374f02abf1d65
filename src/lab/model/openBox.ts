import type { Backend } from "../../engines/create.ts";
import { bytes } from "../../report/format.ts";
import { html } from "../dom.ts";
import { type Hub, hubBox } from "./hub/hubBox.ts";
import { keptModels, removeKept } from "./keptModels.ts";
import type { AboutModel, ModelSource } from "./protocol.ts";

const engines: Readonly<Partial<Record<Backend, string>>> = {
  auto: "Automatic: a graphics card, else WebAssembly",
  wasm: "WebAssembly",
  webgpu: "WebGPU",
  webgl2: "WebGL 2",
};

export interface OpenBox {
  readonly element: HTMLElement;
  /** Says what is open. */
  show(about: AboutModel): void;
  say(text: string): void;
}

/** Where a model comes in: a folder that is dropped or chosen, one that is kept, or the Hub's. */
export function openBox(open: (source: ModelSource, engine: Backend) => void): OpenBox {
  const status = html("p", { role: "status" });
  const engine = html(
    "select",
    {},
    ...Object.entries(engines).map(([value, text]) => html("option", { value }, text)),
  );
  const begin = (source: ModelSource): void => {
    status.textContent = `Opening ${source.name} …`;
    open(source, engine.value as Backend);
  };
  const chosen = (files: readonly (readonly [path: string, file: Blob])[]): void => {
    const source = sourceOf(files);
    if (source) begin(source);
    else
      status.textContent =
        "Expected a model's folder: config.json, tokenizer.json and safetensors, or a .gguf file.";
  };
  const input = html("input", {
    ...{ type: "file", multiple: true, hidden: true, webkitdirectory: true },
    "aria-label": "A model's folder",
    onchange: () => {
      chosen([...(input.files ?? [])].map((file) => [file.webkitRelativePath || file.name, file]));
      input.value = "";
    },
  });
  const one = html("input", {
    ...{ type: "file", multiple: true, hidden: true, "aria-label": "A model's files" },
    onchange: () => {
      chosen([...(one.files ?? [])].map((file) => [file.name, file]));
      one.value = "";
    },
  });
  const button = (text: string, of: HTMLInputElement): HTMLElement =>
    html("button", { type: "button", onclick: () => of.click() }, text);
  const drop = html(
    "div",
    {
      class: "drop",
      ondragover: (event: DragEvent) => {
        event.preventDefault();
        drop.classList.add("over");
      },
      ondragleave: () => drop.classList.remove("over"),
      ondrop: (event: DragEvent) => {
        event.preventDefault();
        drop.classList.remove("over");
        dropped(event.dataTransfer).then(chosen, (error: Error) => {
          status.textContent = `That could not be read: ${error.message}`;
        });
      },
    },
    html("p", {}, "Drop a Hugging Face folder here, or a .gguf file."),
    html(
      "div",
      { class: "row" },
      button("Choose a folder …", input),
      button("Choose files …", one),
    ),
    input,
    one,
  );
  const kept = html("div", { class: "kept" });
  const showKept = async (): Promise<void> => {
    const models = await keptModels();
    kept.replaceChildren(
      ...models.map(({ name, path, size }) =>
        html(
          "div",
          { class: "row" },
          html(
            "button",
            { type: "button", onclick: () => begin({ name, kept: path }) },
            `Open ${name}, ${bytes(size)}`,
          ),
          html(
            "button",
            {
              type: "button",
              class: "small",
              "aria-label": `Delete ${name}`,
              onclick: async () => {
                if (!confirm(`Delete ${name} from this browser?`)) return;
                await removeKept(path);
                await showKept();
              },
            },
            "Delete",
          ),
        ),
      ),
    );
  };
  const hub: Hub = hubBox(async (source) => {
    await showKept();
    begin(source);
  });
  void showKept();
  return {
    element: html(
      "section",
      { class: "panel", "aria-label": "The model" },
      html("h3", {}, "1. Open a model"),
      drop,
      kept,
      hub.element,
      html("label", { class: "field" }, html("span", {}, "Where it runs"), engine),
      status,
    ),
    show({ name, parameters, bytes: size, backend, device, warnings, contextLength }) {
      status.replaceChildren(
        html("strong", {}, name),
        `: ${millions(parameters)} parameters, ${bytes(size)}, ${contextLength} tokens of context, on ${backend} (${device}).`,
        ...warnings.map((warning) => html("span", { class: "block muted" }, warning)),
      );
    },
    say(text) {
      status.textContent = text;
    },
  };
}

const millions = (count: number): string =>
  count < 1e6 ? `${Math.round(count / 1e3)} k` : `${(count / 1e6).toFixed(count < 1e8 ? 1 : 0)} M`;

/** A model among files by their paths: what stands in the folder of config.json, or a .gguf file. */
function sourceOf(
  files: readonly (readonly [path: string, file: Blob])[],
): ModelSource | undefined {
  const config = files.find(([path]) => /(^|\/)config\.json$/.test(path));
  const [path] = config ?? files.find(([name]) => name.endsWith(".gguf")) ?? [];
  if (path === undefined) return undefined;
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const inside = files.filter(([name]) => name.startsWith(folder));
  const isOne = config === undefined;
  const name = isOne ? path.slice(folder.length) : folder.split("/").at(-2) || "the model";
  const kept = isOne ? inside.filter(([each]) => each === path) : inside;
  return {
    name,
    files: Object.fromEntries(kept.map(([each, file]) => [each.slice(folder.length), file])),
  };
}

/** All files of what was dropped, folders too. */
async function dropped(
  data: DataTransfer | null,
): Promise<readonly (readonly [path: string, file: Blob])[]> {
  const entries = [...(data?.items ?? [])].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const files: (readonly [string, Blob])[] = [];
  const read = async (entry: FileSystemEntry): Promise<void> => {
    if (entry.isFile) {
      const file = await new Promise<File>((resolve, reject) =>
        (entry as FileSystemFileEntry).file(resolve, reject),
      );
      files.push([entry.fullPath.slice(1), file]);
      return;
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
        reader.readEntries(resolve, reject),
      );
      if (some.length === 0) return;
      for (const each of some) await read(each);
    }
  };
  for (const entry of entries) await read(entry);
  return files;
}
