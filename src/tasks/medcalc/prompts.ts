/** A turn of a conversation. */
export interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** What a prompt is about. */
export interface Task {
  readonly note: string;
  readonly question: string;
}

/** A worked example of the same calculator. */
export interface WorkedExample extends Task {
  readonly explanation: string;
  readonly answer: string;
}

const ROLE = "You are a helpful assistant for calculating a score for a given patient note.";
const STEP_BY_STEP =
  "Please think step-by-step to solve the question and then generate the required score.";
const THOUGHTS =
  '"step_by_step_thinking": str(your_step_by_step_thinking_procress_to_solve_the_question)';
const THOUGHTFUL = `{${THOUGHTS}, "answer": str(short_and_direct_answer_of_the_question)}`;
const BY_EXAMPLE = `{${THOUGHTS}, "answer": str(value which is the answer to the question)}`;
const BARE = '{"answer": str(short_and_direct_answer_of_the_question)}';

const ask = ({ note, question }: Task, format: string): Message => ({
  role: "user",
  content: `Here is the patient note:\n${note}\n\nHere is the task:\n${question}\n\nPlease directly output the JSON dict formatted as ${format}:`,
});

const instruct = (format: string): string =>
  `${ROLE} ${STEP_BY_STEP} Your output should only contain a JSON dict formatted as ${format}.`;

/** The benchmark's prompt for the bare answer. */
export const direct = (task: Task): Message[] => [
  {
    role: "system",
    content: `${ROLE} Please output answer only without any other text. Your output should only contain a JSON dict formatted as ${BARE}.`,
  },
  ask(task, BARE),
];

/** The benchmark's prompt for the way and the answer, without an example. */
export const zeroShot = (task: Task): Message[] => [
  { role: "system", content: instruct(THOUGHTFUL) },
  ask(task, THOUGHTFUL),
];

/** A text in JSON, in ASCII alone as Python writes it. */
const ascii = (text: string): string =>
  JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/** The benchmark's prompt with one worked example of the same calculator. */
export function oneShot(task: Task, example: WorkedExample): Message[] {
  const { note, question, explanation, answer } = example;
  const solved = `{"step_by_step_thinking": ${ascii(explanation)}, "answer": ${ascii(answer)}}`;
  const shown = `Here is an example patient note:\n\n${note}\n\nHere is an example task:\n\n${question}\n\nPlease directly output the JSON dict formatted as ${BY_EXAMPLE}:\n\n${solved}`;
  return [{ role: "system", content: `${instruct(THOUGHTFUL)}${shown}` }, ask(task, THOUGHTFUL)];
}

/** The prompt of the paper's authors: one user turn that opens the thoughts. */
export const paper = ({ note, question }: Task): Message[] => [
  {
    role: "user",
    content: [
      `${ROLE} ${STEP_BY_STEP}`,
      `Here is the patient note:${note}`,
      `Here is the task:${question}`,
      "Please show your entire reasoning process in a single <think></think> block (do not open or close the tag more than once).",
      "Your final response must be in JSON format within <answer></answer> tags. For example,",
      "<think>[entire reasoning process here]</think>",
      '<answer>{"answer": str(short and direct answer of the question)}</answer>',
      "Let me solve this step by step.",
      "<think>",
    ].join("\n"),
  },
];
