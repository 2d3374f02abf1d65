import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, inject, vi } from "vitest";
import { HEADERS, launchChromium } from "../browser/chromium.ts";

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
const BUILDING = 600_000;

/** The page, built once for all specs of a run: the first builds, the others wait for it. */
export async function builtPage(): Promise<ReadonlyMap<string, Uint8Array>> {
  const folder = inject("labFolder");
  const [building, built] = [join(folder, "building"), join(folder, "built")];
  const begun = await mkdir(building).then(
    () => false,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") return true;
      throw error;
    },
  );
  if (!begun) {
    const { build } = await import("vite");
    await build({
      configFile: fileURLToPath(new URL("../../src/lab/vite.config.ts", import.meta.url)),
      logLevel: "error",
      build: { outDir: join(building, "page") },
    });
    await rename(join(building, "page"), built);
  }
  await vi.waitUntil(() => existsSync(built), { timeout: BUILDING, interval: 100 });
  const entries = await readdir(built, { recursive: true, withFileTypes: true });
  const paths = entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
  return new Map(
    await Promise.all(
      paths.map(async (path) => [path.slice(built.length), await readFile(path)] as const),
    ),
  );
}

/** The page on a server, and a browser to look at it with. */
export interface Lab {
  readonly browser: Browser;
  readonly site: Site;
}

/** Opens the page's server and a browser for the specs of a file. */
export function openLab(): Lab {
  let browser: Browser | undefined;
  let site: Site | undefined;
  beforeAll(async () => {
    site = await serveSite(await builtPage());
    browser = await launchChromium();
  }, BUILDING);
  afterAll(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
  });
  return {
    get browser() {
      return browser as Browser;
    },
    get site() {
      return site as Site;
    },
  };
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
