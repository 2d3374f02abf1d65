import { DataError } from "../../tensor/errors.ts";

/** How the library says that it cannot follow an argument: `lora: expected …, got …`. */
const REFUSAL = /^\w+: (?:[^\n]*: )?expected /;

/**
 * What a recipe asks of a model that has no such thing, or of an optimizer that cannot: where it comes
 * from a file or a command line it is a fault of the data, whatever the library calls it.
 * @throws DataError in place of its refusals; other errors stay as they are
 */
export function asRecipe<T>(ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    const isRefusal =
      (error instanceof RangeError || error instanceof TypeError) && REFUSAL.test(error.message);
    throw isRefusal ? new DataError(`recipe: ${error.message}`) : error;
  }
}
