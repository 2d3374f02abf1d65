/** The statements of a file of declarations, each with the doc comment above it. */
export function statementsOf(
  text: string,
): readonly { readonly comment: string; readonly code: string }[];
