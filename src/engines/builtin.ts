/**
 * A module of Node's, or undefined elsewhere. It is asked for at run time, so that a bundler for the
 * browser meets no import it cannot resolve.
 */
export function builtin<T>(name: string): T | undefined {
  const host = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  return host.process?.getBuiltinModule?.(name) as T | undefined;
}
