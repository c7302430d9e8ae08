//! The cells of a row.

use crate::chips::rom::Flag;

/// 1 in the first row, and one more in each.
pub const CLOCK: usize = 0;
pub const PC: usize = 1;
pub const FP: usize = 2;
/// Pages of linear memory.
pub const PAGES: usize = 3;
/// Public inputs taken, and outputs given, before the row.
pub const INPUTS: usize = 4;
pub const OUTPUTS: usize = 5;
/// Whether the row is an instruction, else padding.
pub const REAL: usize = 6;
/// Whether the run ends here.
pub const END: usize = 7;
/// Whether an input is a public one.
pub const PUBLIC_INPUT: usize = 8;
/// Whether a call happens, or would but for the frame pointer's limit.
pub const ENTER: usize = 9;
/// Whether `a` is not zero, and the inverse of its limbs' sum then.
pub const NONZERO: usize = 10;
pub const INVERSE: usize = 11;
/// Inverse of the difference of types in an indirect call that fails.
pub const TYPE_INVERSE: usize = 12;
/// Pages of linear memory after the row.
pub const NEXT_PAGES: usize = 13;
/// The instruction, as in the ROM.
pub const OP: usize = 14;
pub const RD: usize = 15;
pub const RS1: usize = 16;
pub const RS2: usize = 17;
pub const IMM: usize = 18;
pub const FLAGS: usize = IMM + 4;
/// Limbs of the operands, and of slot `rd` before and after.
pub const A: usize = FLAGS + Flag::COUNT;
pub const B: usize = A + 4;
pub const OLD: usize = B + 4;
pub const C: usize = OLD + 4;
/// Times of the last accesses to the slots of `a`, `b` and `rd`.
pub const PRIOR: usize = C + 4;
pub const WIDTH: usize = PRIOR + 3;

/// Public values: where execution starts, its pages, and how it ended.
pub const ENTRY: usize = 0;
pub const FIRST_PAGES: usize = 1;
pub const STATUS: usize = 2;
/// 1 where the status is 0, else 0.
pub const DONE: usize = 3;
/// How many outputs there are.
pub const OUTPUT_COUNT: usize = 4;
pub const PUBLIC: usize = 5;

/// Clock ticks to times: each row has as many, the last of them for what is not a slot.
pub const TIMES: u32 = 4;
