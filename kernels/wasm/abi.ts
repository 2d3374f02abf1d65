// What the kernels and src/engines/wasm agree on, besides opcodes.ts: addresses of the control words, the
// layout of the instruction stream, the words that each kernel is called with, and sizes of blocks.

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
/** An opcode that a kernel's thread did not know before it trapped, plus one; else 0. */
export const UNKNOWN_OPCODE = 516;
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

/** Bytes of a cache line: buffers begin at its multiples, and are padded to whole lines. */
export const LINE_BYTES = 64;

// How numbers are kept: as floats, in two storage types of 2 bytes, or in blocks of 32 int8 behind a scale.
export const FLOAT = 0;
export const BF16 = 1;
export const F16 = 2;
export const Q8_0 = 3;
/** Numbers of a block of Q8_0, and its bytes. */
export const Q8_NUMBERS = 32;
export const Q8_BYTES = 34;

// Blocks that the kernels and those who share work out cut alike.
/** Columns of a block that sums or takes the largest down columns. */
export const COLUMNS = 8;
/** Rows of a block that is transposed: a cache line of the source. */
export const TRANSPOSED_ROWS = 16;
/** Rows of the largest tile of a product, without and with fused multiply-add, and columns of each. */
export const TILE_ROWS_PLAIN = 5;
export const TILE_ROWS_FUSED = 6;
export const TILE_COLUMNS = 8;
/** Steps along k, and most columns, for which packed panels stay in the caches. */
export const DEPTH = 128;
export const MOST_COLUMNS = 256;
/** Rows of A up to which a transposed B is not worth packing: its rows are multiplied where they are. */
export const FEW_ROWS = 16;

// A chain runs elementwise kernels block by block; what lies between them is in slots of scratch,
// behind the few numbers that a kernel spreads over vectors.
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

// The words that a kernel is called with, by their positions. Each begins with how much there is — of
// elements or of units, which are rows, columns or blocks — and how much of it a task does.
export const ALL = 0;
export const PER_TASK = 1;
/** The first of a kernel's own words. After them come the buffers: the result, at the position that
 * ends in RESULT, then the inputs in the order of the operation, then scratch. */
export const OWN = 2;

// Elementwise: plain; with inputs that may be one number, bit i of the flags saying so of input i.
export const EACH_RESULT = 2;
export const SCALAR_FLAGS = 2;
export const SCALAR_RESULT = 3;
export const EMA_KEEP = 2;
export const EMA_TAKE = 3;
export const EMA_RESULT = 4;
export const ADAMW_EPSILON = 2;
export const ADAMW_WEIGHT_DECAY = 3;
export const ADAMW_RESULT = 4;

// Links of a chain: their words in all; then for each its opcode, its words and its arguments.
export const CHAIN_WORDS = 2;
export const CHAIN_LINKS = 3;
/** Words of a link before its arguments. */
export const LINK_WORDS = 2;

// Casts: how the numbers are kept that are widened, or that are made; tasks do whole blocks of Q8_0.
export const CAST_STORAGE = 2;
export const CAST_RESULT = 3;

// Row by row: bytes of a row; and a number for all of them, a scale or an epsilon.
export const ROW_BYTES = 2;
export const ROW_RESULT = 3;
export const ROW_FACTOR = 3;
export const ROW_FACTOR_RESULT = 4;
/** Whether the numbers are multiplied by the one of a second input before they are squared. */
export const SQUARES_SCALED = 3;
export const SQUARES_RESULT = 4;

// Down columns, of [outer, n, inner]: n and the bytes of inner.
export const COLUMN_LENGTH = 2;
export const COLUMN_STRIDE = 3;
export const COLUMN_RESULT = 4;
export const ARGMAX_LENGTH = 2;
export const ARGMAX_INNER = 3;
export const ARGMAX_RESULT = 4;

// Moves: nested loops, how many, and the first byte of the result and of the source; after the buffers
// three words for each loop: its count, and its step in the result and in the source, in bytes.
export const FILL_BITS = 2;
export const FILL_RESULT = 3;
export const MOVE_LOOPS = 2;
export const MOVE_TO = 3;
export const MOVE_FROM = 4;
export const MOVE_RESULT = 5;
export const MOVE_INPUT = 6;
export const MOVE_FIRST_LOOP = 7;
export const LOOP_WORDS = 3;

// Tables: bytes of a row of the result, or ids; and rows of the table; and how these are kept.
export const GATHER_BYTES = 2;
export const GATHER_ROWS = 3;
export const GATHER_STORAGE = 4;
export const GATHER_RESULT = 5;
export const SCATTER_IDS = 2;
export const SCATTER_ROWS = 3;
export const SCATTER_RESULT = 4;
/** Of scatterRows: rows of a matrix, and those that replace some. */
export const REPLACE_BYTES = 2;
export const REPLACE_ROWS = 3;
export const REPLACE_IDS = 4;
export const REPLACE_RESULT = 5;

// Rotation: bytes of half a row, positions, whether backwards.
export const ROPE_BYTES = 2;
export const ROPE_POSITIONS = 3;
export const ROPE_INVERSE = 4;
export const ROPE_RESULT = 5;

// A product of [m, k] and [k, n], each unit a block of the result of one matrix.
export const MATMUL_M = 2;
export const MATMUL_N = 3;
export const MATMUL_K = 4;
export const MATMUL_TRANSPOSE_A = 5;
export const MATMUL_TRANSPOSE_B = 6;
export const MATMUL_BLOCK_ROWS = 7;
export const MATMUL_BLOCK_COLUMNS = 8;
/** What is left out, and the side of the triangles. */
export const MATMUL_TRIANGLE = 9;
export const MATMUL_SIDE = 10;
/** Whether the product is added to what the result holds. */
export const MATMUL_ONTO = 11;
/** How the numbers of A and of B are kept; those of the result are floats. */
export const MATMUL_STORAGE_A = 12;
export const MATMUL_STORAGE_B = 13;
export const MATMUL_RESULT = 14;

// Causal attention; after the result q, k, v, for the gradient g, and scratch.
export const ATTENTION_T = 2;
export const ATTENTION_D = 3;
export const ATTENTION_HEADS = 4;
/** Key/value heads. */
export const ATTENTION_GROUPS = 5;
export const ATTENTION_BLOCK_ROWS = 6;
export const ATTENTION_SCALE = 7;
/** Elements of one task's part of the scratch. */
export const ATTENTION_PART = 8;
export const ATTENTION_RESULT = 9;

// Attention to ranges of slots; after the result q, k, v, slots, positions, for the gradient g, and
// scratch. A softcap or a window of 0 is none.
export const RANGE_T = 2;
export const RANGE_S = 3;
export const RANGE_D = 4;
export const RANGE_HEADS = 5;
/** Key/value heads. */
export const RANGE_GROUPS = 6;
export const RANGE_BLOCK_ROWS = 7;
export const RANGE_SCALE = 8;
export const RANGE_SOFTCAP = 9;
export const RANGE_WINDOW = 10;
/** Elements of one task's part of the scratch. */
export const RANGE_PART = 11;
export const RANGE_RESULT = 12;
