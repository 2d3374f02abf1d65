import type { Reporter, TestModule } from "vitest/node";

/** Ends a run with one line, `N passed, M failed, K skipped`, after a list of what was skipped. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state: string) => tests.filter((t) => t.result().state === state);
    const skipped = inState("skipped");
    for (const test of skipped) {
      const { note } = test.result() as { note?: string };
      console.log(`skipped: ${test.fullName}${note ? ` (${note})` : ""}`);
    }
    // A file that does not load, a failed hook and a stray rejection count as failures too.
    const broken = modules.filter(
      (module) => module.state() === "failed" && module.errors().length > 0,
    );
    const failed = inState("failed").length + broken.length + unhandled.length;
    const line = `${inState("passed").length} passed, ${failed} failed, ${skipped.length} skipped`;
    // Other reporters still print when the run ends; this line comes last.
    process.once("exit", () => console.log(line));
  }
}
