import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

/** llama.cpp through node-llama-cpp 3.21.1, where `npm run llama` could install it. */
export interface Llama {
  /** A model of a GGUF file, in float32, its keys and values too. */
  open(path: string): Promise<LlamaModel>;
  close(): Promise<void>;
}

export interface LlamaModel {
  /** log p of every token after each of the given ones: [T][V]. */
  logProbabilities(tokens: readonly number[]): Promise<readonly (readonly number[])[]>;
  /** The likeliest tokens behind a prompt. */
  greedy(prompt: readonly number[], count: number): Promise<readonly number[]>;
  /** The ids of a text, BOS not among them. */
  tokenize(text: string): readonly number[];
  close(): Promise<void>;
}

/** What is used of the library. */
interface Library {
  getLlama(options: object): Promise<{
    loadModel(options: object): Promise<{
      createContext(options: object): Promise<{ getSequence(): Sequence }>;
      tokenize(text: string): readonly number[];
      dispose(): Promise<void>;
    }>;
    dispose(): Promise<void>;
  }>;
}

interface Sequence {
  controlledEvaluate(
    input: readonly (readonly [token: number, options: object])[],
  ): Promise<
    readonly { readonly next?: { readonly probabilities?: ReadonlyMap<number, number> } }[]
  >;
  clearHistory(): Promise<void>;
}

async function library(): Promise<Library | undefined> {
  const folder =
    process.env["ANCHORGRAD_LLAMA"] ??
    fileURLToPath(new URL("../../.cache/llama", import.meta.url));
  try {
    const from = pathToFileURL(`${folder}/package.json`);
    const path = createRequire(from).resolve("node-llama-cpp");
    return (await import(pathToFileURL(path).href)) as Library;
  } catch {
    return undefined;
  }
}

/** llama.cpp, or why it is not here, for tests' names. */
export async function openLlama(): Promise<{ readonly llama?: Llama; readonly reason: string }> {
  const found = await library();
  if (!found)
    return {
      reason: " (skipped: `npm run llama` installs node-llama-cpp 3.21.1)",
    };
  const llama = await found.getLlama({
    ...{ build: "never", gpu: false, logLevel: "error", skipDownload: true, maxThreads: 1 },
  });
  const open = async (modelPath: string): Promise<LlamaModel> => {
    const model = await llama.loadModel({ modelPath });
    const context = await model.createContext({
      ...{ contextSize: 256, sequences: 1, threads: 1, flashAttention: false },
      ...{ experimentalKvCacheKeyType: "F32", experimentalKvCacheValueType: "F32" },
    });
    const sequence = context.getSequence();
    const options = { temperature: 1, topK: 0, topP: 1, minP: 0 };
    const ask = { generateNext: { probabilities: true, options } };
    const evaluate = async (tokens: readonly number[]): Promise<number[][]> => {
      const made = await sequence.controlledEvaluate(tokens.map((token) => [token, ask] as const));
      return made.map(({ next }) => {
        const rows: number[] = [];
        for (const [token, p] of next?.probabilities ?? []) rows[token] = Math.log(p);
        return rows;
      });
    };
    return {
      logProbabilities: async (tokens) => {
        await sequence.clearHistory();
        return evaluate(tokens);
      },
      greedy: async (prompt, count) => {
        await sequence.clearHistory();
        const tokens: number[] = [];
        for (let next = prompt; tokens.length < count; next = tokens.slice(-1)) {
          const row = (await evaluate(next)).at(-1) ?? [];
          tokens.push(row.indexOf(row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)));
        }
        return tokens;
      },
      tokenize: (text) => model.tokenize(text),
      close: () => model.dispose(),
    };
  };
  return { llama: { open, close: () => llama.dispose() }, reason: "" };
}
