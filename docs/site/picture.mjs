/** Takes README's picture of the lab as it opens: `npm run docs:picture`, after `npm run build:lab`. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../..", import.meta.url));
const page = join(root, "dist/lab");
const types = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".json": "application/json",
};
/** Without them memory is not shared, and the page says so. */
const headers = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

if (!existsSync(page))
  throw new Error(`${page}: expected the page, got none; run npm run build:lab first`);
const server = createServer(async ({ url = "/" }, response) => {
  const path = url.split("?")[0].replace(/\/$/, "/index.html");
  const bytes = await readFile(join(page, path)).catch(() => undefined);
  response.writeHead(bytes ? 200 : 404, {
    ...headers,
    "content-type": types[extname(path)] ?? "application/octet-stream",
  });
  response.end(bytes);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);
const browser = await chromium.launch({
  ...(executablePath && { executablePath }),
  args: ["--no-sandbox"],
});
try {
  const tab = await browser.newPage({
    viewport: { width: 1200, height: 884 },
    colorScheme: "light",
    reducedMotion: "reduce",
  });
  await tab.goto(`http://127.0.0.1:${server.address().port}/`);
  await tab.waitForLoadState("networkidle");
  await tab.waitForTimeout(3000);
  await tab.screenshot({ path: process.argv[2] ?? join(root, "docs/lab.png") });
} finally {
  await browser.close();
  server.closeAllConnections();
  server.close();
}
