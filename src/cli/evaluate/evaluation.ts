import type { Engine } from "../../engines/engine.ts";
import type { LoadedModel } from "../../finetune/load.ts";
import type { Reader } from "../../finetune/reader.ts";
import type { modelKnobs, weightsKnobs } from "../model/open.ts";
import type { PromptOptions } from "../model/prompts.ts";
import type { samplingKnobs } from "../model/sampling.ts";
import type { Terminal } from "../terminal/command.ts";
import type { Values } from "../terminal/knobs.ts";

/** What the command line asks for. */
export type Given = Values<typeof modelKnobs> &
  Values<typeof weightsKnobs> &
  Values<typeof samplingKnobs> &
  PromptOptions & {
    readonly data?: string;
    readonly against?: string;
    readonly maxLength?: number;
    readonly batch?: number;
    readonly json?: true;
  };

/** What is measured, with what, and where it is told. */
export interface Evaluation {
  readonly engine: Engine;
  readonly model: LoadedModel & Reader;
  readonly other: (LoadedModel & Reader) | undefined;
  readonly given: Given;
  readonly terminal: Terminal;
}
