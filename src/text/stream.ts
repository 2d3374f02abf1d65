/** Turns the bytes of tokens into text as they come. */
export interface StreamDecoder {
  /** The text that is certain now: halves of characters wait for their rest. */
  push(id: number): string;
  /** What is left; a half that got no rest becomes U+FFFD. */
  end(): string;
}

/**
 * Decodes tokens one by one; all the texts together are `decode` of all the ids.
 * @param bytesOf a token's bytes; undefined for one that is passed over
 */
export function streamDecoder(
  bytesOf: (id: number, first: boolean) => Uint8Array | undefined,
): StreamDecoder {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let first = true;
  return {
    push: (id) => {
      const bytes = bytesOf(id, first);
      if (bytes === undefined) return "";
      first = false;
      return decoder.decode(bytes, { stream: true });
    },
    end: () => {
      first = true;
      return decoder.decode();
    },
  };
}
