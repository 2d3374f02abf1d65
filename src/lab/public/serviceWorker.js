// Static servers rarely send the headers that isolate a page, and without them memory cannot be
// shared between threads: this adds them to the page's own files. The training worker gets a policy
// too: GPU.js makes functions from text there, and threads start from text. What has been loaded once
// is there without a network too.
const policy = (connect) =>
  [
    "default-src 'none'",
    "script-src 'self' 'unsafe-eval' blob:",
    "worker-src 'self' blob:",
    `connect-src 'self'${connect}`,
  ].join("; ");

/** The thread that pulls models, which is started when somebody asks for one, and no other. */
const HUB = " https://huggingface.co https://*.huggingface.co https://*.hf.co";

const KEPT = "anchorgrad page";

/** From the network, so that a new page is seen at once; without one, what came last. */
async function answer(request) {
  const kept = await caches.open(KEPT);
  try {
    const response = await fetch(request);
    if (response.status === 200) await kept.put(request, response.clone());
    return response;
  } catch (error) {
    const known = await kept.match(request, { ignoreSearch: true });
    if (known) return known;
    throw error;
  }
}

/** Beside what the first view has loaded, all that its list names; what an older page left goes. */
async function keepAll() {
  const kept = await caches.open(KEPT);
  const list = await fetch("./files.json");
  if (list.status !== 200) return;
  const wanted = new Set((await list.json()).map((path) => new URL(path, location).href));
  for (const { url } of await kept.keys())
    if (!wanted.has(url.split("?")[0])) await kept.delete(url);
  for (const url of wanted)
    if (!(await kept.match(url, { ignoreSearch: true }))) await kept.add(url);
}

async function isolated(request) {
  const response = await answer(request);
  const { status, statusText, body } = response;
  if (status === 0) return response;
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  if (request.destination === "worker") {
    const pulls = new URL(request.url).search === "?hub";
    headers.set("Content-Security-Policy", policy(pulls ? HUB : ""));
  }
  return new Response(body, { status, statusText, headers });
}

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  if (method === "GET" && new URL(url).origin === location.origin)
    event.respondWith(isolated(event.request));
  // Whatever is missing then, as without a network, is fetched at the next visit.
  if (mode === "navigate") event.waitUntil(keepAll().catch(() => {}));
});
