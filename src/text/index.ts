export { Float } from "../json/parseJson.ts";
export type { BpeFile } from "./bpe/file.ts";
export { type BpeOptions, trainBpe } from "./bpe/train.ts";
export {
  type Chat,
  type ChatFiles,
  chatTemplate,
  type Rendered,
  type RenderOptions,
} from "./chat.ts";
export {
  type EncodedRows,
  type ExampleOptions,
  encodeRows,
  type Left,
  type TextExample,
} from "./examples.ts";
export type { Span } from "./offsets.ts";
export { type DataFile, type RowsOptions, rowsOf } from "./rows.ts";
export type { ChatRow, CompletionRow, Row, RowShape, TextRow } from "./shapes.ts";
export type { Message } from "./spans.ts";
export type { StreamDecoder } from "./stream.ts";
export {
  type DecodeOptions,
  type EncodeOptions,
  loadTokenizer,
  stopTokensOf,
  type Tokenizer,
  type TokenizerFiles,
} from "./tokenizer.ts";
