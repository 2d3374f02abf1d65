import {
  createEngine,
  type Engine,
  filesAtUrl,
  filesIn,
  type LoadedModel,
  loadModel,
  type ModelFiles,
} from "../../../src/index.ts";
import type { OpeningApi } from "./folder.ts";

/** Copies files into the page's private file system, part by part. */
async function toOpfs(files: ModelFiles): Promise<ModelFiles> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle("model", { create: true });
  for (const name of files.names) {
    const file = await files.open(name);
    if (!file) continue;
    const to = await (await folder.getFileHandle(name, { create: true })).createWritable();
    for (let at = 0; at < file.size; at += 2 ** 23)
      await to.write((await file.read(at, 2 ** 23)) as Uint8Array<ArrayBuffer>);
    await to.close();
  }
  return filesIn(folder as unknown as Parameters<typeof filesIn>[0]);
}

let files: ModelFiles | undefined;
let opened: { readonly engine: Engine; readonly params: LoadedModel["params"] } | undefined;

const api: OpeningApi = {
  async prepare(url, where) {
    const behind = await filesAtUrl(url);
    files = where === "opfs" ? await toOpfs(behind) : behind;
  },
  async open(backend) {
    if (!files) throw new Error("not prepared");
    const engine = await createEngine({ backend, threads: 1 });
    const { params } = await loadModel(files, { engine });
    opened = { engine, params };
    return engine.memory().bytes;
  },
  async ends() {
    if (!opened) throw new Error("not opened");
    const ends: Record<string, readonly [number, number]> = {};
    for (const [name, tensor] of Object.entries(opened.params)) {
      let first: number | undefined;
      let last = 0;
      for await (const part of opened.engine.readParts(tensor)) {
        first ??= part[0] ?? 0;
        last = part.at(-1) ?? 0;
      }
      ends[name] = [first ?? 0, last];
    }
    await opened.engine.close();
    return ends;
  },
};

Object.assign(window, { anchorgrad: api });
