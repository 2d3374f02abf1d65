/** The id of a heading, as GitHub makes it. */
export function slugOf(text: string): string;
