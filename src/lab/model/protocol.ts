import type { Backend } from "../../engines/create.ts";
import type { End } from "../../finetune/conversation.ts";
import type { RecipeOptions } from "../../finetune/recipe.ts";
import type { FinetuneEvent } from "../../finetune/train/events.ts";

/** Who speaks: the model as it came, after ordinary fine-tuning, and after the method. */
export type Voice = "base" | "sft" | "student";

/** A file's name and what it holds. */
export interface NamedFile {
  readonly name: string;
  readonly content: Uint8Array;
}

/** Where a model's files are: chosen or dropped ones, or a folder of the page's own storage. */
export type ModelSource =
  | { readonly name: string; readonly files: Readonly<Record<string, Blob>> }
  | { readonly name: string; readonly kept: string };

/** What the page asks of the thread that holds a model. */
export type Ask =
  | {
      readonly kind: "open";
      readonly source: ModelSource;
      readonly engine: Backend;
      readonly threads: number;
    }
  | { readonly kind: "say"; readonly voices: readonly Voice[]; readonly text: string }
  | { readonly kind: "forget" }
  /** Reads the data and tells what a run would take. */
  | {
      readonly kind: "plan";
      readonly recipe: Omit<RecipeOptions, "model" | "data" | "retain" | "eval">;
      readonly data: NamedFile;
      readonly retain: NamedFile | undefined;
    }
  /** Does what was planned. */
  | { readonly kind: "train" }
  /** Ends the answer or the training at hand. */
  | { readonly kind: "stop" };

/** What a model is, in a few figures. */
export interface AboutModel {
  readonly name: string;
  readonly parameters: number;
  /** Bytes of its weights as they are held. */
  readonly bytes: number;
  readonly contextLength: number;
  readonly hasChat: boolean;
  readonly backend: Backend;
  readonly device: string;
  readonly warnings: readonly string[];
}

/** What a thread was doing when something went wrong. */
export type Doing = "open" | "talk" | "plan" | "train";

/** What that thread tells the page. */
export type Tell =
  | { readonly kind: "opened"; readonly about: AboutModel }
  | { readonly kind: "heard"; readonly voice: Voice; readonly piece: string }
  | { readonly kind: "answered"; readonly voice: Voice; readonly end: End }
  | { readonly kind: "voices"; readonly voices: readonly Voice[] }
  | { readonly kind: "event"; readonly event: FinetuneEvent }
  /** Seconds that a planned run takes, about. */
  | { readonly kind: "planned"; readonly seconds: number }
  /** The folder of an adapter as PEFT reads it. */
  | { readonly kind: "adapter"; readonly files: Readonly<Record<string, Uint8Array>> }
  | { readonly kind: "idle" }
  | { readonly kind: "failed"; readonly doing: Doing; readonly message: string };
