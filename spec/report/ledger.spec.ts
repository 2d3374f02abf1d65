import { expect, it } from "vitest";
import { ledgerSentence } from "../../src/report/ledger.ts";

it("says what exact steps make of the log-loss, and what the inner loops' errors do", () => {
  expect(ledgerSentence({ path: -1.2, inexactness: 0.0312 })).toBe(
    "Log-loss of the training answers: −1.169 nats a token, of which exact steps make −1.200 and the inner loops' errors +0.031.",
  );
  expect(ledgerSentence({ path: 0, inexactness: -12 })).toContain("−12.0 nats a token");
});
