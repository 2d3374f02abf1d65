import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import type { Browser, BrowserContext, Page } from "playwright-core";

const { GPU } = process.env;
/** Whether browsers are to use this machine's GPU, by Vulkan; else their software rasteriser. */
export const onGpu: boolean = GPU === "1";

/** A page of a Chromium. */
export interface TestPage extends AsyncDisposable {
  readonly page: Page;
  close(): Promise<void>;
}

const ARGUMENTS = [
  ...["--headless", "--no-sandbox", "--no-first-run", "--disable-dev-shm-usage"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
  ...["--enable-unsafe-webgpu", "--ignore-gpu-blocklist"],
  ...(onGpu
    ? ["--use-angle=vulkan", "--enable-features=Vulkan", "--disable-vulkan-surface"]
    : ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]),
  // The rasteriser is for what is computed: to put pages together with it as well takes a third of their time.
  ...(onGpu ? [] : ["--use-webgpu-adapter=swiftshader", "--disable-gpu-compositing"]),
];

/** Workers and shared memory want an isolated page. */
export const HEADERS: Readonly<Record<string, string>> = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** @throws Error that tells how to install Chromium where there is none */
export function findChromium(): string {
  const { CHROMIUM } = process.env;
  const places = [CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser"];
  const found = places.find((path) => path !== undefined && existsSync(path));
  if (found !== undefined) return found;
  throw new Error(
    "spec/browser: expected Chromium; install it (Debian: apt-get install chromium) " +
      "or set CHROMIUM to its path",
  );
}

/** However busy the machine is, ms. */
export const PATIENCE = 600_000;

/** @throws Error that tells how to install Chromium where there is none */
export async function launchChromium(): Promise<Browser> {
  // It takes half a second, which those who only want a server need not spend.
  const { chromium } = await import("playwright-core");
  return chromium.launch({ executablePath: findChromium(), args: ARGUMENTS, timeout: PATIENCE });
}

export interface PageOptions {
  /** Whether its memory may be shared. */
  readonly isolated?: boolean;
  /** Its Content-Security-Policy. */
  readonly policy?: string;
  /** Where it opens in a context of its own; a fresh Chromium by default. */
  readonly browser?: Browser;
}

/** Bundles a page's script, serves it to a Chromium and waits until it has run. */
export async function openPage(
  entry: string | URL,
  { browser, ...options }: PageOptions = {},
): Promise<TestPage> {
  const server = await servePage(entry, options);
  const chosen = browser ?? (await launchChromium());
  const context = await chosen.newContext();
  const close = async (): Promise<void> => {
    await (browser ? context : chosen).close();
    server.close();
  };
  try {
    return { page: await load(context, server), close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Bundles a page's script, and serves it to any browser. */
export async function servePage(
  entry: string | URL,
  { isolated = true, policy }: Omit<PageOptions, "browser"> = {},
): Promise<Server> {
  const headers = policy === undefined ? {} : { "Content-Security-Policy": policy };
  return serve(await bundleOf(entry), { ...headers, ...(isolated ? HEADERS : {}) });
}

/** By entry: several pages of a file may have one script. */
const bundles = new Map<string, Promise<string>>();

function bundleOf(entry: string | URL): Promise<string> {
  const found = bundles.get(`${entry}`) ?? bundle(entry);
  bundles.set(`${entry}`, found);
  return found;
}

async function bundle(entry: string | URL): Promise<string> {
  const result = await build({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    write: false,
    format: "esm",
    logLevel: "error",
    // Node's modules are imported where the command line needs them, never in a page.
    external: ["node:*"],
    plugins: [fromSource],
  });
  return (result.outputFiles[0] as { text: string }).text;
}

/** The package as it stands in src, for scripts that import what is built. */
export const fromSource: Plugin = {
  name: "from-source",
  setup({ onResolve }) {
    const root = new URL("../../", import.meta.url);
    onResolve({ filter: /dist\/src\/.*\.js$/ }, ({ path }) => ({
      path: fileURLToPath(new URL(path.replace(/^.*dist\/(src\/.*)\.js$/, "$1.ts"), root)),
    }));
  },
};

/** Where a server of this machine listens. */
export const addressOf = (server: Server): string =>
  `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

async function serve(script: string, headers: Record<string, string>): Promise<Server> {
  const html = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">';
  const server = createServer(({ url }, response) => {
    const type = url === "/page.js" ? "text/javascript" : "text/html";
    response.writeHead(200, { "content-type": type, ...headers });
    response.end(
      url === "/page.js" ? script : `${html}<script type="module" src="/page.js"></script>`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

async function load(context: BrowserContext, server: Server): Promise<Page> {
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const failed = new Promise<never>((_, reject) => page.once("pageerror", reject));
  failed.catch(() => {});
  await page.goto(addressOf(server));
  await Promise.race([ready(page), failed]);
  return page;
}

/** Asked from outside: to wait inside, a page's policy would have to allow eval. */
async function ready(page: Page): Promise<void> {
  while (!page.isClosed() && !(await page.evaluate(() => "anchorgrad" in globalThis)))
    await new Promise((resolve) => setTimeout(resolve, 20));
}
