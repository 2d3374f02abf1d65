import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { askHub, checkName } from "../../src/lab/model/hub/listing.ts";
import { pullModel } from "../../src/lab/model/hub/pull.ts";
import { samplesIn } from "../../src/lab/runs/samples.ts";
import { unpackZip } from "../../src/lab/runs/zip.ts";
import { readSetup, writeSetup } from "../../src/lab/setup/address.ts";
import { defaultSetup } from "../../src/lab/setup/setup.ts";
import { presets } from "../../src/lab/simplex/presets.ts";
import { readState, stateOf, writeState } from "../../src/lab/simplex/state.ts";
import { tokenIn } from "../../src/lab/tokens/address.ts";
import { constant } from "../../src/tensor/apply.ts";
import { DataError } from "../../src/tensor/errors.ts";
import { at } from "../../src/tensor/shapes.ts";
import { encodeSafetensors } from "../../src/weights/safetensors.ts";
import { attack, mutants, mutate, mutateJson, mutateText } from "./mutants.ts";

const utf8 = new TextEncoder();

describe("a link to the lab", () => {
  it("is a state of the simplex that the same link leads to, or is refused", async () => {
    const { fault, accepted } = await attack(
      mutants(2000),
      (roll) => {
        const preset = at(presets, roll(presets.length));
        const state = { ...stateOf(preset), alpha: 0.25, power: 0.5, landed: [0, -1, -2] as const };
        return mutateText(`${new URLSearchParams(writeState(state))}`, roll);
      },
      (link) => {
        const state = read(link);
        const again = readState(new URLSearchParams(writeState(state)));
        return (
          JSON.stringify(again) === JSON.stringify(state) &&
          [...state.p, ...state.s, state.alpha, state.steps].every(Number.isFinite)
        );
      },
    );
    expect(fault).toBeUndefined();
    expect(accepted).toBeGreaterThan(0);
  });

  /** A link is refused by a RangeError, which names the parameter. */
  function read(link: string): ReturnType<typeof readState> {
    try {
      return readState(new URLSearchParams(link));
    } catch (error) {
      if (error instanceof RangeError && /^readState: expected .* for x\./.test(error.message))
        throw new DataError(error.message);
      throw error;
    }
  }

  it("is a setup that the same link leads to, whatever it says", async () => {
    const own = new URLSearchParams();
    writeSetup(own, defaultSetup("smoke"));
    const { fault, refused } = await attack(
      mutants(2000),
      (roll) => mutateText(`${own}`, roll),
      (link) => {
        const problems: string[] = [];
        const setup = readSetup(new URLSearchParams(link), (problem) => problems.push(problem));
        const again = new URLSearchParams();
        writeSetup(again, setup);
        const same = readSetup(again, (problem) => problems.push(`again: ${problem}`));
        const isShort = problems.every((one) => one.length < 500 && !one.startsWith("again"));
        return isShort && JSON.stringify(same) === JSON.stringify(setup);
      },
    );
    expect([fault, refused]).toEqual([undefined, 0]);
  });

  it("is a token that may be looked for, whatever it says", async () => {
    const { fault, refused } = await attack(
      mutants(500),
      (roll) => mutateText("token=training.12.3", roll),
      (link) => {
        const { index, position } = tokenIn(new URLSearchParams(link));
        return Number.isSafeInteger(index) && Number.isSafeInteger(position) && index >= 0;
      },
    );
    expect([fault, refused]).toEqual([undefined, 0]);
  });
});

describe("a file that is dropped into the lab", () => {
  const weights = encodeSafetensors({
    tensors: { a: constant(Float32Array.of(1, 2), [2]) },
    metadata: {},
  });
  const files = {
    ...{ "mine/config.json": utf8.encode("{}"), "mine/metrics.jsonl": utf8.encode("{}\n") },
    ...{ "mine/report.html": utf8.encode("<script>"), "mine/samples.json": utf8.encode("{}") },
    "mine/checkpoints/seed-0/base.safetensors": weights,
  };

  it.each([0, 6] as const)(
    "packed at level %i is refused, or holds what runs hold",
    async (level) => {
      const zip = zipSync(files, { level });
      expect((await unpackZip(zip, "mine.zip")).files).toHaveLength(4);
      const { fault, accepted } = await attack(
        mutants(1500, 2),
        (roll) => mutate(zip, roll),
        async (bytes) => {
          const { name, files: held } = await unpackZip(bytes, "mine.zip");
          const size = held.reduce((sum, [, content]) => sum + content.length, 0);
          const isOurs = held.every(
            ([path]) => /^[\w][\w./-]*$/.test(path) && !path.includes(".."),
          );
          return /^\w[\w.-]*$/.test(name) && isOurs && size <= 2 ** 24 + 100 * bytes.length;
        },
      );
      expect(fault).toBeUndefined();
      expect(accepted).toBeGreaterThan(0);
    },
  );

  it("of samples is refused, or holds texts", async () => {
    const samples = { base: [{ skill: "rev", prompt: ["a"], expected: ["b"], said: ["c"] }] };
    const { fault, accepted } = await attack(
      mutants(1500),
      (roll) =>
        roll(2) === 0
          ? mutate(utf8.encode(JSON.stringify(samples)), roll)
          : utf8.encode(JSON.stringify(mutateJson(samples, roll)) ?? ""),
      (bytes) =>
        Object.values(samplesIn(bytes, "samples.json"))
          .flat()
          .every(({ said, prompt }) =>
            [...said, ...prompt].every((one) => typeof one === "string"),
          ),
    );
    expect(fault).toBeUndefined();
    expect(accepted).toBeGreaterThan(0);
  });
});

describe("the Hub's answer to the lab", () => {
  const listed = JSON.stringify({
    sha: "0123456789abcdef0123456789abcdef01234567",
    siblings: [
      ...["config.json", "model.safetensors", "../up.json", "chat_template.jinja"].map(
        (rfilename) => ({ rfilename, size: 12 }),
      ),
    ],
  });

  it("is refused, or lists files that belong to a model", async () => {
    expect((await askHub("a/b", async () => new Response(listed))).files).toHaveLength(3);
    const { fault, accepted } = await attack(
      mutants(1500),
      (roll) => ({
        body:
          roll(2) === 0
            ? mutateText(listed, roll)
            : JSON.stringify(mutateJson(JSON.parse(listed), roll)),
        status: [200, 200, 200, 200, 404, 500, 204][roll(7)] ?? 200,
      }),
      async ({ body, status }) => {
        const answer = new Response(status === 204 ? null : body, { status });
        const { files } = await askHub("a/b", async () => answer);
        const names = files.map(({ name }) => name);
        return (
          new Set(names).size === names.length &&
          files.every(({ name, size }) => !/^[./]|\.\./.test(name) && Number.isSafeInteger(size))
        );
      },
    );
    expect(fault).toBeUndefined();
    expect(accepted).toBeGreaterThan(0);
  });

  it("is asked for a model's name and nothing else", async () => {
    const { fault } = await attack(
      mutants(1500),
      (roll) => mutateText("https://huggingface.co/org/name-1.5_b/", roll),
      (text) => /^[\w.-]+\/[\w.-]+$/.test(checkName(text)),
    );
    expect(fault).toBeUndefined();
  });
});

describe("a model that a page pulls", () => {
  it("is whole, or is refused: an answer that brings nothing is no reason to ask for ever", async () => {
    const file = "weights of ten letters";
    const parts = [[], [4], [4, 0, 0, 7], [0, 0, 30], [file.length]];
    for (const lengths of parts) {
      let [asked, size] = [0, 0];
      const growing = {
        get size() {
          return size;
        },
        append: ({ length }: Uint8Array): void => {
          size += length;
        },
        close: () => {},
      };
      const pulled = pullModel(
        {
          ...{ name: "a/b", commit: "0".repeat(40) },
          files: [{ name: "w", size: file.length }],
        },
        { open: async () => growing },
        {
          ...{ signal: new AbortController().signal, onProgress: () => {} },
          fetch: async () => {
            const part = file.slice(size, size + (lengths[asked++] ?? 0));
            return new Response(part === "" ? null : part, { status: size > 0 ? 206 : 200 });
          },
        },
      );
      const total = lengths.reduce((sum, length) => sum + length, 0);
      if (total >= file.length) expect(await pulled).toBe(true);
      else
        await expect(pulled).rejects.toThrow(
          new RegExp(`^https://.*/w: expected ${file.length} bytes, got ${total}$`),
        );
      expect(asked).toBeLessThanOrEqual(lengths.length + 3);
    }
  });
});
