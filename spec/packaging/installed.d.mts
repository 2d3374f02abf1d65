/** A runtime of JavaScript as npm has it. */
export interface Runtime {
  readonly name: string;
  readonly package: string;
  readonly version: string;
  /** Its program in the package, and what comes before a script. */
  readonly program: string;
  readonly before: readonly string[];
  /** Whether its WebAssembly fuses multiply-adds as Node's does. */
  readonly fuses: boolean;
}

export const runtimes: readonly Runtime[];

/** The program of a runtime, installed once for this repository; or why there is none. */
export function programOf(
  runtime: Runtime,
): Promise<{ readonly path?: string; readonly reason?: string }>;
