import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Where the files stand that take minutes: begun last, one of them would keep one core busy alone. */
const LONG = /\/spec\/(browser|theory|lab|cli)\//;

/** Begins with the files that take long; vitest itself knows that only of what it ran here before. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean => LONG.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
