import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder =
  process.env["ANCHORGRAD_ORACLE"] ??
  fileURLToPath(new URL("../../../shared/oracle", import.meta.url));

export const oracleFile = (name: string): string => `${folder}/${name}`;

/** Verdicts of the original programs, which are no part of the project. */
export function oracle(...names: readonly string[]): {
  /** Whether one of the files is not here: tests that need them are skipped. */
  readonly absent: boolean;
  /** Why, for the test's name; empty when all are here. */
  readonly reason: string;
} {
  const absent = !names.every((name) => existsSync(oracleFile(name)));
  const reason = absent
    ? ` (skipped: set ANCHORGRAD_ORACLE to a folder with ${names.join(" and ")})`
    : "";
  return { absent, reason };
}

/** The rows of a file. */
export const oracleRows = <Row>(name: string): Row[] =>
  readFileSync(oracleFile(name), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);
