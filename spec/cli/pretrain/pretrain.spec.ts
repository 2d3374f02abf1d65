import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { pretrain } from "../../../src/cli/pretrain/pretrain.ts";
import { loadModel } from "../../../src/finetune/load.ts";
import { sizeNames, sizes } from "../../../src/pretrain/sizes.ts";
import { DataError } from "../../../src/tensor/errors.ts";
import { corpus } from "../../pretrain/tiny.ts";
import { openPlace, type Place } from "../terminal.ts";

let place: Place;
beforeEach(async () => {
  place = await openPlace();
  await place.write("river.txt", corpus(40).pieces.join("\n\n"));
});
afterEach(() => place.close());

const small =
  "--text . --steps 2 --batch 1 --length 128 --vocabulary 300 --questions 1 --backend wasm --threads 1";

describe("pretrain", () => {
  it("says what it takes, trains, examines and writes a folder that opens", async () => {
    const dry = await place.run(pretrain, `${small} --dry-run`);
    expect(dry.err).toMatch(
      /^base-0\.9m: some 694,912 parameters, 256 tokens, .* or more here\ntext of .*; to be written to .*models\/base-0\.9m\n/,
    );
    expect(dry.out).toMatch(/^base-0\.9m: 694,912 parameters, 300 tokens of vocabulary, /);
    expect(dry.out).toMatch(/2 steps of 1 × 128, 256 tokens: \d\.\de\+\d+ operations, .* here/);
    expect(readdirSync(place.folder)).toEqual(["river.txt"]);

    const { finished, out } = await place.run(pretrain, `${small} --out base`);
    expect(finished).toBe(true);
    expect(out).toMatch(/held-out text {2}\d\.\d{3} bits a byte/);
    expect(out).toMatch(/^mini-countdown \d+ % right$/m);
    expect(out).toMatch(/^chain {10}\d+ % worked, \d+ % direct$/m);
    expect(readdirSync(place.folder).sort()).toEqual(["base", "river.txt"]);
    const { config } = await loadModel(join(place.folder, "base"));
    expect(config).toMatchObject({ layers: 4, width: 128, contextLength: 128, vocabSize: 300 });
    expect(await place.read("base/README.md")).toContain(
      `npx anchorgrad pretrain ${small} --out base`,
    );
    await expect(place.run(pretrain, `${small} --out base`)).rejects.toThrow("a finished base");
  });

  it("refuses what cannot be followed", async () => {
    await expect(place.run(pretrain, "--size 7b")).rejects.toThrow(
      "--size: expected one of 0.9m, 3m, 11m, 30m, got 7b",
    );
    await expect(place.run(pretrain, "--text . --packages debs --backend wasm")).rejects.toThrow(
      "--packages: expected none beside --text",
    );
    const mirror = "--mirror http://127.0.0.1:1/debian";
    await expect(place.run(pretrain, `--text . ${mirror} --backend wasm`)).rejects.toThrow(
      "--mirror: expected none beside --text",
    );
    await expect(place.run(pretrain, "--mirror ftp://a/debian")).rejects.toThrow(
      "--mirror: expected an http or https address, got ftp://a/debian",
    );
    const gone = place.run(pretrain, `${mirror} --backend wasm`);
    await expect(gone).rejects.toThrow(DataError);
    await expect(gone).rejects.toThrow(
      "http://127.0.0.1:1/debian/dists/bookworm/Release: no connection",
    );
    await expect(place.run(pretrain, "--mirror http://me:secret@a/debian")).rejects.toThrow(
      "--mirror: expected an address without a name and a password, got one",
    );
    const before = readdirSync(place.folder);
    await expect(place.run(pretrain, `${small} --out river.txt`)).rejects.toThrow(
      "river.txt: expected a new folder, got a file",
    );
    expect(readdirSync(place.folder)).toEqual(before);
  });

  it("has sizes that are called by their parameters", () => {
    for (const name of sizeNames) {
      const { layers, width, hidden } = sizes[name];
      const count = 2048 * width + layers * width * (4 * width + 3 * hidden + 2) + width;
      expect(Math.abs(count / (Number.parseFloat(name) * 1e6) - 1)).toBeLessThan(0.04);
    }
  });
});
