import { name as checkName } from "../../experiment/checks.ts";
import { decodeSafetensors } from "../../weights/safetensors.ts";
import { html } from "../dom.ts";
import { unpackRun } from "../runs/library.ts";
import type { Storage } from "../runs/storage.ts";

/** Hands a file to whoever looks at the page. */
export function download(blob: Blob, name: string): void {
  const href = URL.createObjectURL(blob);
  html("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

/** What a file brought. */
export type Imported =
  | { readonly kind: "run"; readonly name: string }
  | { readonly kind: "base"; readonly name: string };

/**
 * Keeps a run's packed directory, or a base model that the command line has pre-trained: its file's
 * name says for which study and seed it is.
 * @throws DataError that says what is wrong with the file; then nothing is kept
 */
export async function importFile(storage: Storage, file: File): Promise<Imported> {
  if (!file.name.endsWith(".safetensors"))
    return { kind: "run", name: await unpackRun(storage, file) };
  const bytes = new Uint8Array(await file.arrayBuffer());
  // Bases of several minis join their names with +.
  checkName(file.name.replaceAll("+", "-"), "the base model's file");
  decodeSafetensors(bytes, file.name);
  await storage.write(`pretraining/${file.name}`, bytes);
  return { kind: "base", name: file.name };
}

/** A button that asks for a file. */
export function fileButton(text: string, accept: string, take: (file: File) => void): HTMLElement {
  const input = html("input", {
    ...{ type: "file", accept, hidden: true, "aria-label": text },
    onchange: () => {
      const [file] = input.files ?? [];
      if (file) take(file);
      input.value = "";
    },
  });
  return html(
    "span",
    {},
    input,
    html("button", { type: "button", onclick: () => input.click() }, text),
  );
}
