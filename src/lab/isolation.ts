/** Counts how often the page was loaded anew, so that it does not go on for ever. */
const TRIES = "anchorgrad isolation tries";
const MOST_TRIES = 3;

/**
 * Has a service worker isolate the page where the server does not, so that WebAssembly may use more
 * than one thread. The page is loaded anew for it; without isolation everything works on one thread.
 */
export async function isolatePage(): Promise<void> {
  if (crossOriginIsolated || !("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register("./serviceWorker.js");
  await navigator.serviceWorker.ready;
  const tries = Number(sessionStorage.getItem(TRIES));
  if (tries === MOST_TRIES) return;
  sessionStorage.setItem(TRIES, `${tries + 1}`);
  location.reload();
}
