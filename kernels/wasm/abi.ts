// What the kernels and src/engines/wasm agree on: addresses of the control words, the layout of the
// instruction stream, and a number for each kernel.

// Control words at the start of the memory, in bytes; those that threads contend for have a cache
// line of their own.
/** Raised by one for each run; idle workers wait for it. */
export const EPOCH = 64;
/** 1 while workers may join the run. */
export const OPEN = 128;
/** Workers that have joined the run. */
export const ACTIVE = 192;
/** Phases of the run that are done. */
export const PHASE = 256;
/** Threads that sleep. */
export const SLEEPERS = 320;
/** Stream of the run: its first byte and its end. 0 tells the workers to stop. */
export const PROGRAM = 384;
export const PROGRAM_END = 388;
/** Table of buffer addresses of the run. */
export const TABLE = 392;
/** An id outside its table: 0 or 1, then the id and the number of rows. */
export const BAD_ID = 448;
/** 1 when a worker has trapped: the tasks that it took will never be done. */
export const FAILED = 512;
/** First byte that the heap may hand out. */
export const HEAP_START = 1024;

// A stream is a list of phases, each of which begins when all tasks of the one before are done; a
// phase is a list of instructions. Counters are 0 when the run begins.
/** Words of a phase before its instructions: kind, bytes of the phase, tasks, address of the
 * counter of tasks that are done. */
export const PHASE_WORDS = 4;
/** The instructions depend on each other and are small: they are one task. */
export const SERIAL = 0;
/** The instructions are independent: threads take their tasks as they come. */
export const PARALLEL = 1;
/** Words of an instruction before its arguments: opcode, words in all, tasks, address of the
 * counter of tasks that are taken. */
export const INSTRUCTION_WORDS = 4;

/** Bytes of private memory that each thread has for packed panels. */
export const SCRATCH_BYTES = 139264;

// A chain runs elementwise kernels block by block; what lies between them is in slots of scratch.
/** Elements of a block. */
export const BLOCK = 256;
/** Blocks that a thread's scratch holds, and where the first lies. */
export const SLOTS = 16;
export const SLOTS_AT = 64;

// What a product leaves out: nothing, what lies above the diagonals of its result, or the zeros
// above those of A.
export const FULL = 0;
export const LOWER_RESULT = 1;
export const LOWER_A = 2;

// Kernels.
export const COPY = 0;
export const EXP = 1;
export const LOG = 2;
export const TANH = 3;
export const SQRT = 4;
export const COS = 5;
export const NEG = 6;
export const TO_FLOAT = 7;
export const ADD = 8;
export const MUL = 9;
export const SUB = 10;
export const DIV = 11;
export const MAXIMUM = 12;
export const LESS = 13;
export const SELECT = 14;
export const SUM_ROWS = 15;
export const SUM_COLUMNS = 16;
export const MAX_ROWS = 17;
export const MAX_COLUMNS = 18;
export const ARGMAX = 19;
export const FILL = 20;
export const MOVE = 21;
export const TRANSPOSE = 22;
export const MATMUL = 23;
export const GATHER = 24;
export const SCATTER_ADD = 25;
export const SOFTMAX = 26;
export const SOFTMAX_GRAD = 27;
export const LOG_SOFTMAX = 28;
export const LOG_SOFTMAX_GRAD = 29;
export const CAUSAL_SOFTMAX = 30;
export const CAUSAL_SOFTMAX_GRAD = 31;
export const RMS_NORM = 32;
export const RMS_NORM_GRAD_X = 33;
export const RMS_NORM_GRAD_GAIN = 34;
export const ROPE = 35;
export const SWIGLU = 36;
export const SWIGLU_GRAD_GATE = 37;
export const GELU = 38;
export const GELU_GRAD = 39;
export const CROSS_ENTROPY = 40;
export const CROSS_ENTROPY_GRAD = 41;
export const ANCHORED_KL = 42;
export const ANCHORED_KL_GRAD = 43;
export const EMA = 44;
export const EMA_SQUARE = 45;
export const ADAMW_UPDATE = 46;
export const CAUSAL_ATTENTION = 47;
export const CAUSAL_ATTENTION_GRAD = 48;
export const CHAIN = 49;
