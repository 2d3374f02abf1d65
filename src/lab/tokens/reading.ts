import { createEngine } from "../../engines/create.ts";
import type { Answer, Question } from "./protocol.ts";
import { createReader, type Reader } from "./reader.ts";

/** Small models, an example at a time: one thread of WebAssembly, whatever trains. */
const engine = createEngine({ backend: "wasm", threads: 1 });
let reader: Reader | undefined;

async function answer(question: Question): Promise<Answer> {
  if (question.kind === "study") {
    reader = createReader(await engine, question.recipe, question.seed);
    return { kind: "study", groups: reader.groups };
  }
  if (!reader) throw new Error(`reading: expected a study before ${question.kind}`);
  switch (question.kind) {
    case "model":
      reader.keep(question.name, question.weights);
      return { kind: "model" };
    case "see":
      return { kind: "see", seen: await reader.see(question.choice, question.models) };
    case "find":
      return { kind: "find", found: reader.find(question.context, question.label) };
  }
}

let last: Promise<void> = Promise.resolve();

/** Answers questions about tokens, in a worker: one after another, in their order. */
export const hear = (question: Question): void => {
  const work = (): Promise<void> =>
    answer(question).then(
      (said) => postMessage(said),
      ({ message }: Error) => postMessage({ kind: "failed", message } satisfies Answer),
    );
  last = last.then(work);
};
