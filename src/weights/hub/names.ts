import { DataError } from "../../tensor/errors.ts";

const PART = /^[\w][\w.-]{0,95}$/;

/** Whether a text can be the name of a model on the Hub: `org/name`, or `name` of the oldest ones. */
export function isModelId(text: string): boolean {
  const parts = text.split("/");
  return parts.length <= 2 && parts.every((part) => PART.test(part) && !part.includes(".."));
}

/** @throws DataError for a text that is no name of a model */
export function expectModelId(text: string): string {
  if (isModelId(text)) return text;
  throw new DataError(`${JSON.stringify(text)}: expected the name of a model, such as org/name`);
}

/** The folder that a model has in the cache. */
export const folderOf = (model: string): string => ["models", ...model.split("/")].join("--");

/** @throws DataError for a revision that could lead out of its folder */
export function expectRevision(text: string): string {
  const isPlain = /^[\w][\w./-]{0,254}$/.test(text) && !/\.\.|\/\/|\/$/.test(text);
  if (isPlain) return text;
  throw new DataError(`${JSON.stringify(text)}: expected a branch, a tag or a commit`);
}

export const isCommit = (text: string): boolean => /^[\da-f]{40}$/.test(text);

/** Whether a path that a server names stays below the folder that it is relative to. */
export function isInside(path: string): boolean {
  const parts = path.split("/");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  return !/[\u0000-\u001f\u007f\\:]/.test(path) && parts.every((p) => !["", ".", ".."].includes(p));
}

/** The files that a model is made of; not other frameworks' copies of its weights. */
export function isNeeded(path: string): boolean {
  if (/^additional_chat_templates\/[^/]+\.jinja$/.test(path)) return true;
  if (path.includes("/")) return false;
  if (path.endsWith(".safetensors"))
    return /^(model([.-].*)?|adapter_model|pytorch_model.*)\.safetensors$/.test(path);
  return (
    /\.(jinja|txt|model)$/.test(path) ||
    (path.endsWith(".json") && !/^(pytorch_model|tf_model|flax_model)/.test(path)) ||
    /^(README\.md|LICEN[CS]E.*|USE_POLICY.*|NOTICE.*)$/i.test(path)
  );
}
