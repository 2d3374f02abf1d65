import {
  ACTIVE,
  EPOCH,
  INSTRUCTION_WORDS,
  OPEN,
  PARALLEL,
  PHASE,
  PHASE_WORDS,
  PROGRAM,
  PROGRAM_END,
  SLEEPERS,
} from "./abi";
import { sleep, wake } from "./control";
import { execute } from "./dispatch";

export { initialize } from "./control";
export { SCRATCH_BYTES } from "./products/matmul";

/** A thread looks this often before it sleeps: some tens of microseconds. */
const SPINS: i32 = 20000;

/** Runs the program that the control words name; unless alone, with all workers that are awake in
 * time. */
export function start(alone: bool): void {
  if (alone) return runAlone();
  atomic.store<i32>(OPEN, 1);
  atomic.add<i32>(EPOCH, 1);
  wakeSleepers(EPOCH);
  runTogether();
  // Nobody may join any more, and those who did must have left: the next run changes the counters.
  atomic.store<i32>(OPEN, 0);
  for (;;) {
    const active = atomic.load<i32>(ACTIVE);
    if (active == 0) return;
    waitWhile(ACTIVE, active);
  }
}

/** A worker's life: joins each run, until there is no program. */
export function serve(): void {
  let epoch = 0;
  for (;;) {
    waitWhile(EPOCH, epoch);
    epoch = atomic.load<i32>(EPOCH);
    atomic.add<i32>(ACTIVE, 1);
    const open = atomic.load<i32>(OPEN) == 1;
    const stop = open && load<usize>(PROGRAM) == 0;
    if (open && !stop) runTogether();
    atomic.sub<i32>(ACTIVE, 1);
    wakeSleepers(ACTIVE);
    if (stop) return;
  }
}

function runAlone(): void {
  const end = load<usize>(PROGRAM_END);
  let phase = load<usize>(PROGRAM);
  for (; phase < end; phase += load<usize>(phase, 4)) allTasks(phase);
}

/** Goes through the phases with the other threads. One that is late finds phases already done and
 * holds nobody up: only tasks that it has taken are waited for. */
function runTogether(): void {
  const end = load<usize>(PROGRAM_END);
  let phase = load<usize>(PROGRAM);
  for (let index = 0; phase < end; index++, phase += load<usize>(phase, 4)) {
    if (atomic.load<i32>(PHASE) != index) continue;
    const done = load<i32>(phase) == PARALLEL ? takeTasks(phase) : takePhase(phase);
    if (done > 0) {
      const before = atomic.add<i32>(load<usize>(phase, 12), done);
      if (before + done == load<i32>(phase, 8)) {
        atomic.store<i32>(PHASE, index + 1);
        wakeSleepers(PHASE);
        continue;
      }
    }
    waitWhile(PHASE, index);
  }
}

function allTasks(phase: usize): void {
  const next = phase + load<usize>(phase, 4);
  let at = phase + (PHASE_WORDS << 2);
  for (; at < next; at += load<usize>(at, 4) << 2) {
    const opcode = load<i32>(at);
    const tasks = load<i32>(at, 8);
    const args = at + (INSTRUCTION_WORDS << 2);
    for (let task = 0; task < tasks; task++) execute(opcode, args, task);
  }
}

/** Runs the whole of a serial phase, unless another thread does. */
function takePhase(phase: usize): i32 {
  const first = phase + (PHASE_WORDS << 2);
  if (atomic.add<i32>(load<usize>(first, 12), 1) > 0) return 0;
  allTasks(phase);
  return 1;
}

/** Takes tasks of a parallel phase until none is left; how many it did. */
function takeTasks(phase: usize): i32 {
  const next = phase + load<usize>(phase, 4);
  let at = phase + (PHASE_WORDS << 2);
  let done = 0;
  for (; at < next; at += load<usize>(at, 4) << 2) {
    const opcode = load<i32>(at);
    const tasks = load<i32>(at, 8);
    const counter = load<usize>(at, 12);
    while (atomic.load<i32>(counter) < tasks) {
      const task = atomic.add<i32>(counter, 1);
      if (task >= tasks) break;
      execute(opcode, at + (INSTRUCTION_WORDS << 2), task);
      done++;
    }
  }
  return done;
}

/** Returns when the word at `address` is no longer `value`. */
function waitWhile(address: usize, value: i32): void {
  for (let i = 0; i < SPINS; i++) if (atomic.load<i32>(address) != value) return;
  atomic.add<i32>(SLEEPERS, 1);
  while (atomic.load<i32>(address) == value) sleep(address, value);
  atomic.sub<i32>(SLEEPERS, 1);
}

function wakeSleepers(address: usize): void {
  if (atomic.load<i32>(SLEEPERS) > 0) wake(address);
}
