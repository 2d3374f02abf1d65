/** One GPT of the comparison. */
export interface PeerConfig {
  readonly layers: number;
  readonly d: number;
  readonly heads: number;
  readonly T: number;
  readonly batch: number;
  readonly vocab: number;
}

export interface PeerModel {
  /** Forward, backward and AdamW on all parameters; the loss before the update, nats a token. */
  step(): Promise<number>;
  mem(): { readonly bytes: number; readonly buffers: number; readonly peakBytes: number };
  stats(): Readonly<Record<string, number>>;
}

export const info: { backend: string };
export function make(
  config: PeerConfig,
  weights: Float32Array,
  data: { readonly x: Int32Array; readonly y: Int32Array },
  options?: { readonly device?: string; readonly threads?: number },
): Promise<PeerModel>;
