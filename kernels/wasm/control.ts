import { BAD_ID, TABLE, UNKNOWN_OPCODE } from "./abi";

/** Private memory of this thread, which has an instance of its own. */
export let scratch: usize = 0;

export function initialize(scratchAt: usize): void {
  scratch = scratchAt;
}

// The host sleeps and wakes: a loop around memory.atomic.wait32 does not end in code of V8's baseline
// compiler (Node 20.20), and a page's main thread may not sleep at all.

/** Sleeps while the word at `address` is `value`, until it is woken; or returns at once. */
// @ts-ignore: decorator
@external("env", "sleep")
export declare function sleep(address: usize, value: i32): void;

/** Wakes the threads that sleep at `address`. */
// @ts-ignore: decorator
@external("env", "wake")
export declare function wake(address: usize): void;

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

/** Ends the run at an opcode that nobody knows; the host says which. */
export function trap(opcode: i32): void {
  store<i32>(UNKNOWN_OPCODE, opcode + 1);
  unreachable();
}

/** Remembers an id outside [0, rows); the host throws after the run. */
export function reportBadId(id: i32, rows: i32): void {
  if (atomic.cmpxchg<i32>(BAD_ID, 0, 1) == 0) {
    store<i32>(BAD_ID, id, 4);
    store<i32>(BAD_ID, rows, 8);
  }
}
