/**
 * Work that is to follow the newest state: called while it is at work, it begins again once more
 * when it is done, however often it was called.
 */
export function latest(work: () => Promise<void>): () => void {
  let busy = false;
  let asked = false;
  async function run(): Promise<void> {
    busy = true;
    while (asked) {
      asked = false;
      await work();
    }
    busy = false;
  }
  return () => {
    asked = true;
    if (!busy) void run();
  };
}
