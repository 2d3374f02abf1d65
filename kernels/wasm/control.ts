import { BAD_ID, TABLE } from "./abi";

/** Number of this thread, and how many there are; each thread has its own instance. */
export let thread: i32 = 0;
export let threads: i32 = 1;
/** Private memory of this thread. */
export let scratch: usize = 0;
/** Whether this thread may sleep; a browser's main thread may not. */
export let maySleep: bool = true;

export function initialize(self: i32, all: i32, scratchAt: usize, sleep: bool): void {
  thread = self;
  threads = all;
  scratch = scratchAt;
  maySleep = sleep;
}

/** Argument `i` of an instruction. */
// @ts-ignore: decorator
@inline
export function word(args: usize, i: i32): i32 {
  return load<i32>(args + (<usize>i << 2));
}

// @ts-ignore: decorator
@inline
export function float(args: usize, i: i32): f32 {
  return load<f32>(args + (<usize>i << 2));
}

/** Address of the buffer that argument `i` names. */
// @ts-ignore: decorator
@inline
export function buffer(args: usize, i: i32): usize {
  return load<usize>(load<usize>(TABLE) + (<usize>word(args, i) << 2));
}

/** Remembers an id outside [0, rows); the host throws after the run. */
export function reportBadId(id: i32, rows: i32): void {
  if (atomic.cmpxchg<i32>(BAD_ID, 0, 1) == 0) {
    store<i32>(BAD_ID, id, 4);
    store<i32>(BAD_ID, rows, 8);
  }
}
