/** Countdown: reach a target with given numbers, each used once. */
export { conversation, type Message } from "./conversation.ts";
export { type Expression, format, type Operator, parse, symbolsOf } from "./expression.ts";
export { drawGame, type Game, type GameOptions, generate, question } from "./generate.ts";
export { type MiniOptions, miniCountdown, miniSymbols } from "./mini.ts";
export { evaluate, type Rational } from "./rational.ts";
export { type Rules, solve } from "./solve.ts";
export { type Attempt, type Rule, type VerifyOptions, verify } from "./verify.ts";
