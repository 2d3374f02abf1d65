import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { thisProcess } from "../../../src/weights/disk/owner.ts";
import { ownerMark } from "../../../src/weights/disk/temporary.ts";
import { hubLocation } from "../../../src/weights/hub/location.ts";
import { expectRevision, isInside, isModelId, isNeeded } from "../../../src/weights/hub/names.ts";
import { type PulledFile, type PullOptions, pull } from "../../../src/weights/hub/pull.ts";
import { type Behaviour, COMMIT, type Hub, openHub, sha256 } from "./server.ts";

const weights = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 37) % 251));
const files = {
  "config.json": Buffer.from('{"model_type":"llama"}'),
  "model.safetensors": weights,
  "tokenizer.json": Buffer.from("{}"),
  "additional_chat_templates/tools.jinja": Buffer.from("{{ tools }}"),
  "original/consolidated.00.pth": Buffer.from("no"),
  "pytorch_model.bin": Buffer.from("no"),
};
const needed = [
  "additional_chat_templates/tools.jinja",
  ...["config.json", "model.safetensors", "tokenizer.json"],
];

let home: string;
let hub: Hub | undefined;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "hub-"));
});
afterEach(async () => {
  await hub?.close();
  hub = undefined;
  await rm(home, { recursive: true });
});

const cached = (...path: string[]): string => join(home, "hub", "models--org--tiny", ...path);
const snapshot = (...path: string[]): string => cached("snapshots", COMMIT, ...path);

async function pulling(
  behaviour: Behaviour = {},
  env: Readonly<Record<string, string>> = {},
  options: Partial<PullOptions> = {},
) {
  hub ??= await openHub(files, behaviour);
  const location = await hubLocation({ HF_HOME: home, HF_ENDPOINT: hub.endpoint, ...env });
  const told: PulledFile[] = [];
  const pulled = await pull("org/tiny", { location, onFile: (f) => told.push(f), ...options });
  return { pulled, told };
}

/** Comes back once a partial file has so many bytes: a cut before would lose what is on its way. */
async function arrival(bytes: number): Promise<void> {
  for (;;) {
    const names = await readdir(cached("blobs")).catch(() => []);
    const partial = names.find((name) => name.endsWith(".incomplete"));
    const found = partial && (await stat(cached("blobs", partial)).catch(() => undefined));
    if (found && found.size >= bytes) return;
    await setImmediate();
  }
}

const list = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

describe("pull", () => {
  test("fills the cache that huggingface_hub uses, with the files that are needed", async () => {
    const { pulled } = await pulling();
    expect(pulled).toEqual({ folder: snapshot(), commit: COMMIT });
    expect(await list(snapshot())).toEqual(needed);
    expect(await readFile(snapshot("model.safetensors"))).toEqual(weights);
    const link = await readlink(snapshot("model.safetensors"));
    expect(link).toBe(join("..", "..", "blobs", sha256(weights)));
    expect(await readFile(cached("refs", "main"), "utf8")).toBe(COMMIT);
    expect((await list(cached("blobs"))).filter((name) => name.includes("."))).toEqual([]);
  });

  test("fetches nothing that is there, whichever revision names it", async () => {
    await pulling();
    const before = hub?.seen.length ?? 0;
    const { told } = await pulling({}, {}, { revision: "v1" });
    expect(told.map(({ cached }) => cached)).toEqual(needed.map(() => true));
    expect(hub?.seen.length).toBe(before + 1);
    expect(await readFile(cached("refs", "v1"), "utf8")).toBe(COMMIT);
  });

  test("goes on by a range where a connection was cut", async () => {
    await pulling({ cut: { path: "model.safetensors", after: 1000, times: 2, arrival } });
    const ranges = hub?.stored.map(({ range }) => range) ?? [];
    expect(ranges.at(0)).toBeUndefined();
    expect(ranges.slice(1).every((range) => /^bytes=\d+-$/.test(range ?? ""))).toBe(true);
    expect(ranges).toHaveLength(3);
    expect(await readFile(snapshot("model.safetensors"))).toEqual(weights);
  });

  test.each([{ ignoresRange: true }, { refusesRange: true }])(
    "starts again where a server does not go on: %j",
    async (behaviour) => {
      const cut = { path: "model.safetensors", after: 1000, times: 1, arrival };
      await pulling({ cut, ...behaviour });
      expect(await readFile(snapshot("model.safetensors"))).toEqual(weights);
    },
  );

  test("goes on with what an ended process left", async () => {
    const blobs = cached("blobs");
    await mkdir(blobs, { recursive: true });
    // No process has so high a number.
    const mark = ownerMark({ ...thisProcess(), pid: 99_999_999 });
    const name = `${sha256(weights)}.${mark}.incomplete`;
    await writeFile(join(blobs, name), weights.subarray(0, 3000));
    await writeFile(join(blobs, `${name}.tag`), `"${sha256(weights).slice(0, 20)}"`);
    await pulling();
    expect(hub?.stored.map(({ range }) => range)).toEqual(["bytes=3000-"]);
    expect(await readFile(snapshot("model.safetensors"))).toEqual(weights);
  });

  test.each(["model.safetensors", "config.json"])(
    "refuses bytes that are not the file's: %s",
    async (path) => {
      const body = Buffer.from(files[path as "config.json"]);
      body[3] = (body[3] ?? 0) ^ 1;
      await expect(pulling({ wrong: { [path]: body } })).rejects.toThrow(
        /expected (the SHA-256|git)/,
      );
      expect((await list(home)).filter((name) => name.endsWith(path))).toEqual([]);
    },
  );

  test("sends the token to the Hub alone, and says what a refusal asks for", async () => {
    await pulling({ token: "secret" }, { HF_TOKEN: "secret" });
    expect(hub?.seen.every(({ authorization }) => authorization === "Bearer secret")).toBe(true);
    expect(hub?.stored.some(({ authorization }) => authorization !== undefined)).toBe(false);
    await hub?.close();
    hub = await openHub(files, { token: "secret", gated: true });
    await rm(join(home, "hub"), { recursive: true });
    await expect(pulling()).rejects.toThrow(/gated .*accept its licence.*set HF_TOKEN/);
    await expect(pulling({}, { HF_TOKEN: "old" })).rejects.toThrow(/belongs to that account/);
  });

  test("says which revision is none, and which model", async () => {
    await expect(pulling({}, {}, { revision: "v9" })).rejects.toThrow(/existing revision, got v9/);
    const location = await hubLocation({ HF_HOME: home, HF_ENDPOINT: hub?.endpoint });
    await expect(pull("org/none", { location })).rejects.toThrow(/no such model \(status 404\)/);
    await expect(pull("../org", { location })).rejects.toThrow(/expected the name of a model/);
    await expect(pull("org/tiny", { location, revision: "../x" })).rejects.toThrow(/a branch/);
  });

  test("takes the cache where the Hub does not answer or is not to be asked", async () => {
    await expect(pulling({}, { HF_HUB_OFFLINE: "1" })).rejects.toThrow(/in the cache/);
    expect(hub?.seen).toEqual([]);
    await pulling();
    const asked = hub?.seen.length;
    const offline = await pulling({}, { HF_HUB_OFFLINE: "1" });
    expect(offline.pulled).toMatchObject({ folder: snapshot(), commit: COMMIT });
    expect(hub?.seen.length).toBe(asked);
    const gone = { HF_ENDPOINT: "http://127.0.0.1:9" };
    expect((await pulling({}, gone)).pulled?.warning).toMatch(/no connection/);
  });

  test("refuses a listing whose paths lead out of the folder", async () => {
    await expect(pulling({ extra: ["../../evil.json"] })).rejects.toThrow(/paths below the folder/);
    expect(await list(home)).toEqual([]);
  });

  test("ends quietly when it is told to", async () => {
    const stop = new AbortController();
    const onFile = (): void => stop.abort();
    expect((await pulling({}, {}, { signal: stop.signal, onFile })).pulled).toBeUndefined();
  });
});

test("the environment is read as huggingface_hub reads it", async () => {
  const at = async (env: Record<string, string>) =>
    (await hubLocation({ HOME: "/h", ...env })).cache;
  expect(await at({})).toBe(join("/h", ".cache", "huggingface", "hub"));
  expect(await at({ XDG_CACHE_HOME: "/x" })).toBe(join("/x", "huggingface", "hub"));
  expect(await at({ HF_HOME: "~/hf", XDG_CACHE_HOME: "/x" })).toBe(join("/h", "hf", "hub"));
  expect(await at({ HUGGINGFACE_HUB_CACHE: "/c", HF_HOME: "/x" })).toBe("/c");
  expect(await at({ HF_HUB_CACHE: "/d", HUGGINGFACE_HUB_CACHE: "/c" })).toBe("/d");
  await writeFile(join(home, "token"), "hf_kept\n");
  expect((await hubLocation({ HF_HOME: home })).token).toBe("hf_kept");
  expect((await hubLocation({ HF_HOME: home, HF_TOKEN: "hf_given" })).token).toBe("hf_given");
  for (const value of ["1", "true", "YES"])
    expect((await hubLocation({ TRANSFORMERS_OFFLINE: value })).offline).toBe(true);
  expect((await hubLocation({ HF_HUB_OFFLINE: "0" })).offline).toBe(false);
});

test.each([
  ...["foo", "ftp://hub", "https://me:hidden@hub", "https://hub?token=hidden", "http://hub:99999"],
])("HF_ENDPOINT=%s is refused by its name, without what is secret", async (HF_ENDPOINT) => {
  const location = hubLocation({ HOME: home, HF_ENDPOINT });
  await expect(location).rejects.toThrow(/^HF_ENDPOINT: expected an address/);
  await expect(location).rejects.not.toThrow("hidden");
});

test("a token that no header carries is refused by the name of what holds it", async () => {
  const kept = join(home, "token");
  for (const secret of ["hf_hidden\nx", "hf_hidden…", "hf_hidden x"]) {
    await writeFile(kept, secret);
    const given = [{ HF_TOKEN: secret }, { HUGGING_FACE_HUB_TOKEN: secret }, {}];
    for (const [i, name] of ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", kept].entries()) {
      const location = hubLocation({ HF_HOME: home, ...given[i] });
      await expect(location).rejects.toThrow(`${name}: expected letters`);
      await expect(location).rejects.not.toThrow("hidden");
    }
  }
});

test("names that lead elsewhere are none", () => {
  expect(["org/name", "gpt2", "Qwen/Qwen2.5-0.5B"].every(isModelId)).toBe(true);
  expect(["", "a/b/c", "../x", "a/..", "a b", "/a", "a/", "a\\b"].some(isModelId)).toBe(false);
  expect(["a.json", "a/b.jinja"].every(isInside)).toBe(true);
  expect(["", "/a", "a//b", "../a", "a/./b", "a\\b", "c:a", "a\nb"].some(isInside)).toBe(false);
  expect(expectRevision("refs/pr/1")).toBe("refs/pr/1");
  for (const revision of ["", "..", "a/../b", "/a", "a//b", "a/", "-a"])
    expect(() => expectRevision(revision)).toThrow(/expected a branch/);
  const left = ["onnx/model.onnx", "model.gguf", "tf_model.h5", "consolidated.safetensors"];
  expect(left.some(isNeeded)).toBe(false);
  const taken = ["model-00001-of-00002.safetensors", "model.safetensors.index.json", "merges.txt"];
  expect(taken.every(isNeeded)).toBe(true);
});
