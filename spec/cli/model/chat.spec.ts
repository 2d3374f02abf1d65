import { createReadStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chat } from "../../../src/cli/chat/chat.ts";
import { createEngine } from "../../../src/engines/create.ts";
import { loadModel } from "../../../src/finetune/load.ts";
import { generate } from "../../../src/nn/generate/generate.ts";
import { openPlace, type Place } from "../terminal.ts";
import { tinyAdapter, tinyModel } from "./tinyModel.ts";

let place: Place;
beforeEach(async () => {
  place = await openPlace();
});
afterEach(() => place.close());

const typed = (...lines: string[]) => ({ input: Readable.from(lines.map((line) => `${line}\n`)) });
const engineOptions = "--backend wasm --threads 1 --max-tokens 12";

/** What the model says to a conversation, greedily. */
async function answer(folder: string, messages: { role: string; content: string }[]) {
  const { model, params, tokenizer, chat: template, generation } = await loadModel(folder);
  await using engine = await createEngine({ backend: "wasm", threads: 1 });
  const { text } = template?.render(messages, { addGenerationPrompt: true }) ?? { text: "" };
  const prompt = tokenizer?.encode(text, { addSpecialTokens: false }) ?? [];
  const { stopTokens, tokenizerSize } = generation;
  const options = { model, params, prompts: [prompt], maxNewTokens: 12, stopTokens, tokenizerSize };
  const [ids = []] = await generate(engine, options);
  const ended = stopTokens.includes(ids.at(-1) ?? -1);
  return tokenizer?.decode(ended ? ids.slice(0, -1) : ids, { skipSpecialTokens: true }) ?? "";
}

describe("chat", () => {
  test("answers each line of a conversation, and remembers it", async () => {
    await tinyModel(join(place.folder, "m"), { chat: true });
    const said = ["Hi", "and then?"];
    const { finished, out, err } = await place.run(
      chat,
      `--model m --greedy ${engineOptions}`,
      typed(...said, "", "/reset", "Hi", "/system Be kind", "Hi", "/exit", "never read"),
    );
    expect(finished).toBe(true);
    const folder = join(place.folder, "m");
    const user = (content: string) => ({ role: "user", content });
    const first = await answer(folder, [user("Hi")]);
    const told = [user("Hi"), { role: "assistant", content: first }, user("and then?")];
    const second = await answer(folder, told);
    const kind = await answer(folder, [{ role: "system", content: "Be kind" }, user("Hi")]);
    expect(out).toBe(`${first}\n${second}\n${first}\n${kind}\n`);
    expect(new Set([first, second, kind]).size).toBe(3);
    expect(err).toContain("/reset");
    expect(err).toContain("llama, 2 layers, 32 wide");
  });

  test("comes token by token, and stops when it is asked to", async () => {
    await tinyModel(join(place.folder, "m"));
    const stop = new AbortController();
    const pieces: string[] = [];
    const out = {
      write: (piece: string) => {
        pieces.push(piece);
        if (pieces.length === 3) stop.abort();
        return true;
      },
      once: () => undefined,
    };
    const { finished } = await place.run(chat, `--model m ${engineOptions}`, {
      ...typed("Once upon"),
      ...{ out, signal: stop.signal },
    });
    expect(finished).toBe(false);
    expect(pieces.length).toBe(4);
    expect(pieces.at(-1)).toBe("\n");
  });

  test("goes on with texts where there is no template, and draws by seed", async () => {
    await tinyModel(join(place.folder, "m"));
    await tinyAdapter(join(place.folder, "a"), join(place.folder, "m"));
    const run = async (options: string) =>
      (await place.run(chat, `--model m ${engineOptions} ${options}`, typed("the then"))).out;
    const [one, again, other] = [
      await run("--temperature 2 --seed 1"),
      await run("--temperature 2 --seed 1"),
      await run("--temperature 2 --seed 2"),
    ];
    expect(one).toBe(again);
    expect(one).not.toBe(other);
    expect(await run("--temperature 2 --seed 1 --prompt-lookup 5")).toBe(one);
    expect(await run("--adapter a")).not.toBe(await run(""));
  });

  test("takes its draws from generation_config.json, unless options say otherwise", async () => {
    const generation = { do_sample: true, temperature: 0.7, top_k: 5, max_new_tokens: 4 };
    await tinyModel(join(place.folder, "m"), { generation });
    const run = async (options: string) =>
      (await place.run(chat, `--model m --backend wasm --threads 1 ${options}`, typed())).err;
    expect(await run("")).toContain("temperature 0.7, top-k 5, at most 4 tokens");
    expect(await run("--top-p 0.5")).toContain("temperature 0.7, top-k 5, top-p 0.5, at most 4");
    expect(await run("--greedy --max-tokens 9")).toContain("greedy, at most 9 tokens");
    await expect(run("--greedy --top-k 3")).rejects.toThrow("--greedy: expected no --temperature");
  });

  test("takes no more of its input than it answers, and hears signals between lines", async () => {
    await tinyModel(join(place.folder, "m"));
    const stop = new AbortController();
    let asked = 0;
    const endless = function* () {
      for (;;) {
        asked++;
        yield "/help\n".repeat(1000);
      }
    };
    // What takes a turn of the event loop, as signals and a closed output do.
    setTimeout(() => stop.abort(), 300);
    const { finished } = await place.run(chat, `--model m ${engineOptions}`, {
      ...{ input: Readable.from(endless()), signal: stop.signal },
    });
    expect(finished).toBe(false);
    expect(asked).toBeLessThan(1000);
  });

  test.each<[string, Iterable<unknown>, string]>([
    ["a line that does not end", Array(20).fill(Buffer.alloc(2 ** 17, "a")), "lines of at most"],
    ["UTF-16", [Buffer.from("\ufeffhi\n", "utf16le")], "input: expected UTF-8, got other bytes"],
  ])("refuses an input of %s", async (_, parts, message) => {
    await tinyModel(join(place.folder, "m"));
    const input = Readable.from(parts, { objectMode: true });
    await expect(place.run(chat, `--model m ${engineOptions}`, { input })).rejects.toThrow(message);
  });

  test("says that its input is a folder", async () => {
    await tinyModel(join(place.folder, "m"));
    const input = createReadStream(place.folder);
    await expect(place.run(chat, `--model m ${engineOptions}`, { input })).rejects.toThrow(
      "input: expected lines to answer, got a folder",
    );
  });

  test("reads a piped text in whatever parts it comes, with any line ends", async () => {
    await tinyModel(join(place.folder, "m"));
    const text = Buffer.from("\ufeff/system é ü\r\n/system z");
    const run = async (size: number) => {
      const parts = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
        text.subarray(i * size, (i + 1) * size),
      );
      return (await place.run(chat, `--model m ${engineOptions}`, { input: Readable.from(parts) }))
        .err;
    };
    expect(await run(100)).toMatch(/system: é ü\nsystem: z\n$/);
    expect(await run(1)).toBe(await run(100));
  });

  test("opens an adapter alone over the base that its file names", async () => {
    const [m, a] = ["m", "a"].map((name) => join(place.folder, name)) as [string, string];
    await tinyModel(m);
    await tinyAdapter(a, m);
    const said = async (options: string) =>
      place.run(chat, `${options} --greedy ${engineOptions}`, typed("the other"));
    const both = await said("--model m --adapter a");
    const alone = [await said("--adapter a"), await said("--model a")];
    for (const { out, err } of alone) {
      expect(out).toBe(both.out);
      expect(err).toBe(`base: ${m}, as the adapter names it\n${both.err}`);
    }
    const path = join("a", "adapter_config.json");
    const { base_model_name_or_path: _, ...rest } = JSON.parse(await place.read(path));
    await place.write(path, JSON.stringify(rest));
    await expect(said("--model a")).rejects.toThrow(
      "expected a base_model_name_or_path, got nothing; name the base as --model",
    );
  });

  test("ends an answer before a text, and holds back what may begin it", async () => {
    await tinyModel(join(place.folder, "m"), { chat: true });
    const line = `--model m --greedy ${engineOptions}`.split(" ");
    const whole = (await place.run(chat, line, typed("Hi"))).out.slice(0, -1);
    const stop = whole.slice(2, 5);
    const pieces: string[] = [];
    const out = {
      write: (piece: string) => {
        pieces.push(piece);
        return true;
      },
      once: () => undefined,
    };
    const { err } = await place.run(chat, [...line, "--stop", stop], { ...typed("Hi"), out });
    const before = whole.slice(0, whole.indexOf(stop));
    expect(pieces.join("")).toBe(`${before}\n`);
    expect(err).not.toContain("stopped");
  });

  test("says what is wrong with the model", async () => {
    const options = "--backend wasm --threads 1";
    await expect(place.run(chat, options)).rejects.toThrow("--model: expected a model, got none");
    await expect(place.run(chat, `--model nothing ${options}`)).rejects.toThrow(
      "nothing: expected a folder, a .gguf file, or org/name of the Hub",
    );
    await tinyModel(join(place.folder, "m"));
    await tinyAdapter(join(place.folder, "a"), join(place.folder, "m"));
    await expect(place.run(chat, `--model a --adapter a ${options}`)).rejects.toThrow(
      "--model: expected the base of --adapter, got an adapter",
    );
    await expect(place.run(chat, `--adapter m ${options}`)).rejects.toThrow(
      "adapter_config.json: expected a PEFT adapter's config, got no file",
    );
    await expect(place.run(chat, `--model m --adapter m ${options}`)).rejects.toThrow(
      "adapter_config.json: expected a PEFT adapter's config, got no file",
    );
  });
});
