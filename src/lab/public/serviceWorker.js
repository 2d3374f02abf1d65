// Static servers rarely send the headers that isolate a page, and without them memory cannot be
// shared between threads: this adds them to the page's own files. The training worker gets a policy
// too: GPU.js makes functions from text there, and threads start from text.
const policy = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-eval' blob:",
  "worker-src 'self' blob:",
  "connect-src 'self'",
].join("; ");

async function isolated(request) {
  const response = await fetch(request);
  const { status, statusText, body } = response;
  if (status === 0) return response;
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  if (request.destination === "worker") headers.set("Content-Security-Policy", policy);
  return new Response(body, { status, statusText, headers });
}

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "GET" && new URL(url).origin === location.origin)
    event.respondWith(isolated(event.request));
});
