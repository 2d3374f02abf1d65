import {
  ARRIVED,
  EPOCH,
  GENERATION,
  INSTRUCTION_WORDS,
  PARALLEL,
  PHASE_WORDS,
  PROGRAM,
  PROGRAM_END,
  SLEEPERS,
} from "./abi";
import { maySleep, thread, threads } from "./control";
import { execute } from "./dispatch";

export { initialize } from "./control";

/** Looks at a word this many times before sleeping on it: some tens of microseconds. */
const SPINS: i32 = 20000;

/** Runs the program that the control words name, on this thread's share of the tasks. */
export function run(): void {
  const end = load<usize>(PROGRAM_END);
  let phase = load<usize>(PROGRAM);
  while (phase < end) {
    const next = phase + load<usize>(phase, 4);
    let at = phase + (PHASE_WORDS << 2);
    if (load<i32>(phase) == PARALLEL && threads > 1)
      for (; at < next; at += load<usize>(at, 4) << 2) takeTasks(at);
    else if (thread == 0) for (; at < next; at += load<usize>(at, 4) << 2) allTasks(at);
    phase = next;
    if (threads > 1) barrier();
  }
}

function allTasks(at: usize): void {
  const opcode = load<i32>(at);
  const tasks = load<i32>(at, 8);
  const args = at + (INSTRUCTION_WORDS << 2);
  for (let task = 0; task < tasks; task++) execute(opcode, args, task);
}

/** Takes tasks until none is left; the counter was 0 when the run began. */
function takeTasks(at: usize): void {
  const opcode = load<i32>(at);
  const tasks = load<i32>(at, 8);
  const args = at + (INSTRUCTION_WORDS << 2);
  const counter = load<usize>(at, 12);
  if (atomic.load<i32>(counter) >= tasks) return;
  for (;;) {
    const task = atomic.add<i32>(counter, 1);
    if (task >= tasks) return;
    execute(opcode, args, task);
  }
}

/** Waits until every thread has come here; what they wrote is then visible to all. */
function barrier(): void {
  const generation = atomic.load<i32>(GENERATION);
  if (atomic.add<i32>(ARRIVED, 1) == threads - 1) {
    atomic.store<i32>(ARRIVED, 0);
    atomic.store<i32>(GENERATION, generation + 1);
    if (atomic.load<i32>(SLEEPERS) > 0) atomic.notify(GENERATION, -1);
  } else waitWhile(GENERATION, generation);
}

/** Returns when the word at `address` is no longer `value`. */
function waitWhile(address: usize, value: i32): void {
  for (let i = 0; i < SPINS || !maySleep; i++) if (atomic.load<i32>(address) != value) return;
  atomic.add<i32>(SLEEPERS, 1);
  while (atomic.load<i32>(address) == value) atomic.wait<i32>(address, value, -1);
  atomic.sub<i32>(SLEEPERS, 1);
}

/** Wakes the workers for a new program, and runs it with them. */
export function start(): void {
  if (threads > 1) {
    atomic.add<i32>(EPOCH, 1);
    if (atomic.load<i32>(SLEEPERS) > 0) atomic.notify(EPOCH, -1);
  }
  run();
}

/** A worker's life: runs each program, until the program is empty. */
export function serve(): void {
  let epoch = 0;
  for (;;) {
    waitWhile(EPOCH, epoch);
    epoch++;
    if (load<usize>(PROGRAM) == 0) return;
    run();
  }
}
