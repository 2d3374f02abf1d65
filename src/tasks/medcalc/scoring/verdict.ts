/** What a scorer read in a response, and whether that is right. */
export interface Verdict {
  readonly extracted: string | null;
  readonly correct: boolean;
}
