import { createEngine } from "../../engines/create.ts";
import type { Engine } from "../../engines/engine.ts";
import { isSoftware } from "../../engines/gpu/probe.ts";
import { type Conversation, openConversation } from "../../finetune/conversation.ts";
import { usualDtype } from "../../finetune/keptAs.ts";
import {
  type DescribedModel,
  describeModel,
  type LoadedModel,
  loadModel,
} from "../../finetune/load.ts";
import { WASM_BYTES } from "../../finetune/memory.ts";
import { expectReader } from "../../finetune/reader.ts";
import { completeRecipe } from "../../finetune/recipe.ts";
import { courseOf, planOf, timeOf } from "../../finetune/train/course.ts";
import type { Model } from "../../finetune/train/look.ts";
import { type Prepared, prepareOn } from "../../finetune/train/prepared.ts";
import type { Params } from "../../nn/config.ts";
import { sizeOf } from "../../tensor/shapes.ts";
import { bytesOf } from "../../tensor/storage/types.ts";
import { hostCopy } from "../../train/trainSteps.ts";
import { writeAdapter } from "../../weights/adapterFiles.ts";
import { filesOf, type ModelFiles } from "../../weights/modelFiles.ts";
import { tabPlace } from "./place.ts";
import type { AboutModel, Ask, Tell, Voice } from "./protocol.ts";

type Of<K extends Ask["kind"]> = Extract<Ask, { kind: K }>;

/** Most tokens of an answer. */
const ROOM = 256;

/** A model in memory: it is talked with, taught, and talked with again. */
export interface Session {
  open(ask: Of<"open">): Promise<void>;
  say(ask: Of<"say">, signal: AbortSignal): Promise<void>;
  forget(): void;
  plan(ask: Of<"plan">): Promise<void>;
  train(signal: AbortSignal): Promise<void>;
}

/**
 * @param keptFiles the files of a folder in the page's storage
 * @param tell tells the page
 */
export function createSession(
  keptFiles: (path: string) => Promise<ModelFiles>,
  tell: (told: Tell) => void,
): Session {
  let engine: Engine | undefined;
  let described: DescribedModel | undefined;
  let loaded: LoadedModel | undefined;
  let prepared: Prepared | undefined;
  const speakers = new Map<Voice, Model>();
  const conversations = new Map<Voice, Conversation>();

  const expectOpen = () => {
    if (engine && described && loaded) return { engine, described, loaded };
    throw new Error("expected an open model, got none");
  };

  /** From now on it speaks so; what was said before is forgotten. */
  function give(voice: Voice, model: Model | undefined): void {
    conversations.delete(voice);
    if (model) speakers.set(voice, model);
    else speakers.delete(voice);
    tell({ kind: "voices", voices: [...speakers.keys()] });
  }

  function conversationWith(voice: Voice): Conversation {
    const known = conversations.get(voice);
    if (known) return known;
    const open = expectOpen();
    const model = { ...open.loaded, ...speakers.get(voice) };
    const { repetitionPenalty } = open.loaded.generation;
    // Greedy, so that voices differ by what they learned alone.
    const sampling = { temperature: 0, ...(repetitionPenalty && { repetitionPenalty }) };
    const made = openConversation(open.engine, expectReader(model), {
      ...{ sampling, maxTokens: ROOM, seed: 0, system: undefined, raw: false },
    });
    conversations.set(voice, made);
    return made;
  }

  /** Weights that a run has put beside those that are there. */
  function releaseAll(): void {
    for (const { params } of speakers.values()) engine?.release(params);
    if (prepared) engine?.release([prepared.start, prepared.base.params]);
    prepared = undefined;
    speakers.clear();
    conversations.clear();
  }

  async function open({ source, engine: backend, threads }: Of<"open">): Promise<void> {
    releaseAll();
    await engine?.close();
    engine = await createEngine({ backend, threads });
    const files =
      "files" in source ? filesOf(source.files, source.name) : await keptFiles(source.kept);
    described = await describeModel(files);
    loaded = await loadModel(described, { engine, dtype: usualDtype(engine) });
    tell({ kind: "opened", about: aboutOf(source.name, engine, loaded) });
    give("base", { model: loaded.base, params: loaded.params });
  }

  async function say({ voices, text }: Of<"say">, signal: AbortSignal): Promise<void> {
    for (const voice of voices) {
      const hear = (piece: string): void => tell({ kind: "heard", voice, piece });
      const { end } = await conversationWith(voice).say(text, hear, signal);
      tell({ kind: "answered", voice, end });
    }
  }

  async function plan({ recipe, data, retain }: Of<"plan">): Promise<void> {
    const now = expectOpen();
    const name = now.described.folder;
    const complete = completeRecipe({
      ...{ ...recipe, model: name, data: data.name },
      ...(retain && { retain: retain.name }),
    });
    // The run reads the model itself, as the command line's does: two would not fit.
    releaseAll();
    try {
      prepared = await prepareOn(now.engine, complete, {
        described: now.described,
        files: { data, retain, eval: undefined },
        memory: now.engine.backend === "wasm" ? WASM_BYTES : Number.POSITIVE_INFINITY,
      });
      loaded = prepared.loaded;
      give("base", prepared.base);
    } catch (error) {
      loaded = await loadModel(now.described, {
        ...{ engine: now.engine, dtype: usualDtype(now.engine) },
      });
      give("base", { model: loaded.base, params: loaded.params });
      throw error;
    }
    tell({ kind: "event", event: planOf(prepared, { anchorgrad: __VERSION__ }) });
    const time = await timeOf(prepared);
    tell({ kind: "planned", seconds: time.kind === "estimate" ? time.seconds : 0 });
  }

  async function train(signal: AbortSignal): Promise<void> {
    const run = prepared;
    if (!run) throw new Error("expected a planned run, got none");
    const student = (params: Params): Model => ({ model: run.model, params });
    const place = tabPlace(async (params) => {
      give("student", student(params));
      tell({ kind: "adapter", files: await adapterFiles(run, params) });
    });
    const versions = { anchorgrad: __VERSION__ };
    for await (const event of courseOf({
      prepared: run,
      place,
      signal,
      plan: planOf(run, versions),
    })) {
      tell({ kind: "event", event });
      const sft = place.sft();
      if (sft && !speakers.has("sft")) give("sft", student(run.engine.put(sft)));
    }
  }

  return {
    ...{ open, say, plan, train },
    forget() {
      for (const conversation of conversations.values()) conversation.reset();
    },
  };
}

/** An adapter's folder, as PEFT, `loadModel` and llama.cpp's converter read it. */
async function adapterFiles(
  { engine, adapter: config, recipe }: Prepared,
  params: Params,
): Promise<Readonly<Record<string, Uint8Array>>> {
  if (!config) throw new Error("expected an adapter, got a model that was trained whole");
  const files: Record<string, Uint8Array> = {};
  const write = async (path: string, content: string | Uint8Array): Promise<void> => {
    files[path.slice(path.indexOf("/") + 1)] =
      typeof content === "string" ? new TextEncoder().encode(content) : content;
  };
  const host = await hostCopy(engine, params);
  await writeAdapter({ write }, "adapter", { config, params: host }, { base: recipe.model });
  return files;
}

function aboutOf(name: string, { backend, description }: Engine, loaded: LoadedModel): AboutModel {
  const tensors = Object.values(loaded.params);
  const { config, chat } = loaded;
  const slow = `There is no graphics card behind ${backend} here, but a program that draws: WebAssembly is many times faster.`;
  const warnings = [...loaded.warnings, ...(isSoftware(description) ? [slow] : [])];
  return {
    ...{ name, warnings, hasChat: chat !== undefined, contextLength: config.contextLength },
    parameters: tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    bytes: tensors.reduce((sum, { dtype, shape }) => sum + bytesOf(dtype, sizeOf(shape)), 0),
    ...{ backend: backend as AboutModel["backend"], device: description },
  };
}
