/** Where the files of runs are in the browser's storage: as the command line keeps them on disk. */
export const runPath = (name: string): string => `runs/${name}`;
/** The parameters of the link that repeats a run. */
export const addressOf = (name: string): string => `${runPath(name)}/address.txt`;
/** What each row's model said. */
export const samplesOf = (name: string): string => `${runPath(name)}/samples.json`;
/** Held by whoever works on a run. */
export const lockOf = (name: string): string => `anchorgrad run ${name}`;
