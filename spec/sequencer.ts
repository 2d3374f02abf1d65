import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Where the files stand that take minutes: begun last, one of them would keep one core busy alone. */
const LONG =
  /\/spec\/(browser|docs|finetune|lab|laws|packaging|queue|theory|anchored\/objectives|cli\/(study|sweep|worker)|nn\/huggingFace)\//;

/**
 * Begins with the files that take long; vitest itself knows that only of what it ran here before. Files
 * that share a process come after all others: between two of them, a worker keeps what it has loaded.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId, project }: TestSpecification): number =>
      (project.config.isolate ? 0 : 2) + (LONG.test(moduleId) ? 0 : 1);
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}
