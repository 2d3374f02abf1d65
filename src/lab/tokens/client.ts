import { startWorker } from "../worker/start.ts";
import type { Answer, Question } from "./protocol.ts";

type AnswerTo<Q extends Question> = Extract<Answer, { kind: Q["kind"] }>;

/** Asks a worker about tokens; it is started with the first question. */
export interface Client {
  /** @throws Error with what the worker could not do */
  ask<Q extends Question>(question: Q): Promise<AnswerTo<Q>>;
}

export function createClient(): Client {
  /** Answers come in the order of the questions. */
  const waiting: ((answer: Answer) => void)[] = [];
  let worker: Worker | undefined;
  function start(): Worker {
    const started = startWorker("reading");
    started.onmessage = ({ data }: MessageEvent<Answer>) => waiting.shift()?.(data);
    started.onerror = ({ message }) => {
      for (const hear of waiting.splice(0)) hear({ kind: "failed", message });
    };
    return started;
  }
  return {
    ask: (question) =>
      new Promise((resolve, reject) => {
        waiting.push((answer) => {
          if (answer.kind === "failed") reject(new Error(answer.message));
          else resolve(answer as AnswerTo<typeof question>);
        });
        worker ??= start();
        worker.postMessage(question);
      }),
  };
}
