import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { HEADERS } from "../browser/chromium.ts";

/** The page as it is built, on a static server. */
export interface Site extends AsyncDisposable {
  readonly address: string;
  /** Every file and its bytes, by its path. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

/** Runs before the training worker's own script: lets a test take the GPU away. */
const CONTEXTS = `
globalThis.contexts = [];
const { getContext } = OffscreenCanvas.prototype;
OffscreenCanvas.prototype.getContext = function (...args) {
  const context = getContext.apply(this, args);
  globalThis.contexts.push(context);
  return context;
};
`;

/** Milliseconds in which the page is built, however busy the machine; it takes a few seconds. */
export const BUILDING = 600_000;

/** Builds the page into a folder of its own. */
export async function buildSite(): Promise<ReadonlyMap<string, Uint8Array>> {
  const folder = await mkdtemp(join(tmpdir(), "anchorgrad-lab-"));
  try {
    await build({
      configFile: fileURLToPath(new URL("../../src/lab/vite.config.ts", import.meta.url)),
      logLevel: "error",
      build: { outDir: folder },
    });
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const paths = entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
    return new Map(
      await Promise.all(
        paths.map(async (path) => [path.slice(folder.length), await readFile(path)] as const),
      ),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** @param isolated whether the server sends the headers that let memory be shared */
export async function serveSite(
  files: ReadonlyMap<string, Uint8Array>,
  { isolated = true }: { readonly isolated?: boolean } = {},
): Promise<Site> {
  const server: Server = createServer(({ url = "" }, response) => {
    const path = (url.split("?")[0] ?? "").replace(/\/$/, "/index.html");
    const bytes = files.get(path);
    const type = types[extname(path)] ?? "application/octet-stream";
    response.writeHead(bytes ? 200 : 404, {
      ...{ "content-type": type, "cache-control": "no-store" },
      ...(isolated && HEADERS),
    });
    if (/\/worker-[^/]*\.js$/.test(path)) response.write(CONTEXTS);
    response.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}/`,
    files,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
