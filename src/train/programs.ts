/** What the programs of training are called, by which instruments find them; see `Program.name`. */
export const stepPrograms = {
  /** (parameters, optimizer state, batch): a whole training step. */
  whole: "trainStep",
  /** (sums, parameters, micro-batch): what a step does once for each of its micro-batches. */
  microBatch: "trainMicroBatch",
} as const;

/** Whether a program does a training step's work, or a micro-batch's share of it. */
export const isStepProgram = (name: string): boolean =>
  name === stepPrograms.whole || name === stepPrograms.microBatch;
