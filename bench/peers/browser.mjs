// node browser.mjs <peer> <size> <options as JSON>: one peer in a fresh Chromium; prints RESULT {...}.
// CPU time and memory are those of all of Chromium's processes.

import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { basename, extname } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { chromiumPath } from "./installed.mjs";
import { processTree } from "./processes.mjs";

const [peer, size, json] = process.argv.slice(2);
const options = JSON.parse(json);
const at = (path) => fileURLToPath(new URL(path, import.meta.url));

const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm" };
/** Workers and shared memory want an isolated page. */
const HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};
const ARGUMENTS = [
  ...["--headless", "--no-sandbox", "--no-first-run", "--disable-dev-shm-usage"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];
/** Of a GPU, by Vulkan; or of Chromium's rasteriser, for machines without one. */
const HARDWARE = [
  ...["--use-angle=vulkan", "--enable-features=Vulkan", "--disable-vulkan-surface"],
  ...["--enable-unsafe-webgpu", "--ignore-gpu-blocklist"],
];
const WEBGL = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"];
const WEBGPU = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--ignore-gpu-blocklist",
];
function graphicsOf({ device, gpu }) {
  if (process.env.CHROMIUM_FLAGS) return process.env.CHROMIUM_FLAGS.split(" ");
  if (gpu) return HARDWARE;
  return device === "webgpu" ? [...WEBGL, ...WEBGPU] : WEBGL;
}

const server = createServer(({ url }, response) => {
  if (url === "/") {
    response.writeHead(200, { "content-type": "text/html", ...HEADERS });
    response.end(
      '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>',
    );
    return;
  }
  const folder = url.startsWith("/tfjs/")
    ? "node_modules/@tensorflow/tfjs-backend-wasm/dist"
    : "data";
  const file = at(`${folder}/${basename(url)}`);
  const found = existsSync(file);
  response.writeHead(found ? 200 : 404, {
    "content-type": TYPES[extname(file)] ?? "text/plain",
    ...HEADERS,
  });
  response.end(found ? readFileSync(file) : "");
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const args = [...ARGUMENTS, ...graphicsOf(options)];
const browser = await chromium.launch({ executablePath: chromiumPath(), args });
let peak = 0;
const look = setInterval(() => {
  peak = Math.max(peak, processTree().bytes);
}, 250);
try {
  const page = await browser.newPage();
  const failed = new Promise((_, reject) => page.once("pageerror", reject));
  await page.exposeFunction("cpuMs", () => processTree().cpuMs);
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const loaded = page.waitForFunction("window.trainPeer !== undefined");
  await Promise.race([loaded, failed]);
  const train = ([peer, size, options]) => window.trainPeer(peer, size, options);
  const result = await Promise.race([page.evaluate(train, [peer, size, options]), failed]);
  console.log(`RESULT ${JSON.stringify({ ...result, peakMB: peak / 2 ** 20 })}`);
} finally {
  clearInterval(look);
  await browser.close();
  server.close();
}
process.exit(0);
