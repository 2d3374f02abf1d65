import { BACKENDS, type Backend } from "../../engines/create.ts";
import { DataError } from "../../tensor/errors.ts";

/** The engine that a run's files name. @throws DataError where there is none of that name */
export function backendNamed(name: string): Backend {
  const found = BACKENDS.find((backend) => backend === name);
  if (found) return found;
  throw new DataError(`backend: expected one of ${BACKENDS.join(", ")}, got ${name}`);
}
