import { parameters, setParameters } from "../location.ts";
import type { TokenChoice } from "./protocol.ts";

/** The token that is looked at where nobody has chosen: where a target's answer takes its style. */
const FIRST: TokenChoice = { group: "target", index: 0, position: 0 };

/** The token that the address names. */
export const readToken = (): TokenChoice => tokenIn(parameters());

/** Reads `token=training.12.3`; what makes no sense is the first token of the first question. */
export function tokenIn(given: URLSearchParams): TokenChoice {
  const [, group, index, position] =
    /^(.+)\.(\d{1,6})\.(\d{1,6})$/.exec(given.get("token") ?? "") ?? [];
  if (group === undefined) return FIRST;
  return { group, index: Number(index), position: Number(position) };
}

/** Puts the choice into the address. */
export const writeToken = ({ group, index, position }: TokenChoice): void =>
  setParameters((address) => address.set("token", `${group}.${index}.${position}`));
