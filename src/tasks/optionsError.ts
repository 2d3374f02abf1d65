/**
 * Options that cannot be met: out of range, or such that no row meets them all. Whoever passes a
 * user's options on tells it apart from a mistake of the program by this class.
 */
export class OptionsError extends RangeError {
  override readonly name = "OptionsError";
}
