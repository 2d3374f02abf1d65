/** A turn of a conversation. */
export interface Message {
  readonly role: "user" | "assistant";
  readonly content: string;
}

/** What the paper's authors ask a chat model: the problem, and to box the final answer. */
export const prompt = (problemText: string): Message => ({
  role: "user",
  content: `${problemText.trim()} \nLet's think step by step and output the final answer in \\boxed{}.\n`,
});

/** A training conversation: the problem, its solution and the boxed answer. */
export const conversation = ({
  problemText,
  solutionText,
  answer,
}: {
  readonly problemText: string;
  readonly solutionText: string;
  readonly answer: number;
}): readonly [Message, Message] => [
  prompt(problemText),
  { role: "assistant", content: `${solutionText.trim()} \\boxed{${answer}}` },
];
