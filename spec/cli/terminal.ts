import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command, Output, Terminal } from "../../src/cli/terminal/command.ts";

/** A command's run: what it wrote, and where. */
export interface Ran {
  readonly finished: boolean;
  readonly out: string;
  readonly err: string;
}

/** A folder of its own, and commands that run in it. */
export interface Place {
  readonly folder: string;
  /** @param args words, or a text that has spaces between them alone */
  readonly run: (
    command: Command,
    args: string | readonly string[],
    world?: Partial<Terminal>,
  ) => Promise<Ran>;
  readonly write: (name: string, content: string | Uint8Array) => Promise<string>;
  readonly read: (name: string) => Promise<string>;
  readonly rows: (name: string) => Promise<Record<string, unknown>[]>;
  readonly close: () => Promise<void>;
}

export const parseRows = (text: string): Record<string, unknown>[] =>
  text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

function collector(): Output & { text: () => string } {
  const written: string[] = [];
  return {
    write: (text) => {
      written.push(text);
      return true;
    },
    once: () => undefined,
    text: () => written.join(""),
  };
}

const noNetwork: typeof fetch = () => Promise.reject(new TypeError("expected no request"));

export async function openPlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "anchorgrad-"));
  const at = (name: string): string => join(folder, name);
  const read = (name: string): Promise<string> => readFile(at(name), "utf8");
  return {
    folder,
    run: async (command, args, world = {}) => {
      const [out, err] = [collector(), collector()];
      const { signal } = new AbortController();
      const terminal = { out, err, folder, signal, fetch: noNetwork, ...world };
      const words = typeof args === "string" ? args.split(" ").filter(Boolean) : args;
      const finished = await command.run(words, terminal);
      return { finished, out: out.text(), err: err.text() };
    },
    write: async (name, content) => {
      await writeFile(at(name), content);
      return at(name);
    },
    read,
    rows: async (name) => parseRows(await read(name)),
    close: () => rm(folder, { recursive: true }),
  };
}
