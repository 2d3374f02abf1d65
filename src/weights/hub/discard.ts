/** Leaves what a server sends unread; a line that has broken already is no fault of it. */
export const discard = async ({ body }: Response): Promise<void> =>
  body?.cancel().catch(() => undefined);
