/** A value as a JSON file that people may read: indented by two, with a newline at its end. */
export const jsonText = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
