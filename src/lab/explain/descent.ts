import { at } from "../../tensor/shapes.ts";
import { type LogProbs, logSoftmax } from "../simplex/distributions.ts";

/**
 * The inner loop without a network: gradient descent on the logits themselves. The gradient of
 * KL(q ‖ softmax z) is softmax z − q.
 * @returns the student after 0, 1, …, `steps` steps
 */
export function descend(from: LogProbs, anchor: LogProbs, steps: number, rate: number): LogProbs[] {
  const students = [logSoftmax(from)];
  for (let k = 0; k < steps; k++) {
    const student = students.at(-1) as LogProbs;
    students.push(
      logSoftmax(student.map((z, i) => z - rate * (Math.exp(z) - Math.exp(at(anchor, i))))),
    );
  }
  return students;
}
