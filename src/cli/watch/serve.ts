import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Pages by their paths. */
export type Pages = Readonly<Record<string, () => Promise<string>>>;

const hosts = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

/**
 * Serves pages to this machine alone: it listens on the loopback address, and answers nobody who
 * calls it by another name, as pages of others might through their own name server.
 * @returns the server and its address
 */
export async function serveHere(
  pages: Pages,
  port: number,
): Promise<{ readonly server: Server; readonly address: string }> {
  const server = createServer(async ({ url = "/", method, headers }, response) => {
    const say = (status: number, text: string, type = "text/plain"): void => {
      response.writeHead(status, {
        ...{ "content-type": `${type}; charset=utf-8`, "cache-control": "no-store" },
        ...{ "x-content-type-options": "nosniff", "x-frame-options": "DENY" },
      });
      response.end(method === "HEAD" ? undefined : text);
    };
    if (!hosts.test(headers.host ?? "")) return say(403, "expected this machine's own name");
    if (method !== "GET" && method !== "HEAD") return say(405, "expected GET");
    const path = url.split("?")[0] ?? "/";
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
    if (!page) return say(404, "there is no such page");
    try {
      say(200, await page(), "text/html");
    } catch (error) {
      say(500, (error as Error).message);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  return { server, address: `http://127.0.0.1:${taken}/` };
}
