/** Remembers that the page was loaded anew, so that it is not done again and again. */
const TRIED = "anchorgrad isolation tried";

/**
 * Has a service worker isolate the page where the server does not, so that WebAssembly may use more
 * than one thread. The page is loaded anew once; without isolation everything works on one thread.
 */
export async function isolatePage(): Promise<void> {
  if (crossOriginIsolated || !("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register("./serviceWorker.js");
  await navigator.serviceWorker.ready;
  if (sessionStorage.getItem(TRIED) !== null) return;
  sessionStorage.setItem(TRIED, "yes");
  location.reload();
}
