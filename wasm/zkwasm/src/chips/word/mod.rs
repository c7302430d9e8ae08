//! Loads and stores of 4 and 8 bytes at multiples of their width, which need no bytes: most of those
//! that compilers make. [`super::linear`] has all others, and those that trap.
//!
//! Why the constraints suffice. *Address:* `a + imm` is summed with a carry into a low limb and a
//! number above it. The low limb is looked up, and so is an eighth of what is left of it without the
//! half; so it is 8 times that and 4 times the half, both being small. *Bounds:* the number above,
//! which is the page, is at most the pages less 1, as the difference is looked up, pages being at most
//! 2^16; an offset of 2^32 or more is not taken at all. *Cell:* it is accessed at the row's time, after
//! its last access. A load takes its limbs, a store leaves the others; all are in range as those of the
//! cell and of the value are.

mod air;
mod generation;
#[cfg(test)]
mod tests;

pub use air::eval;
pub use generation::{fits, generate};

use crate::program::isa::Op;

/// The operations of this table in the order of their flags.
pub const OPS: [Op; 4] = [Op::Load32U, Op::Load64, Op::Store32, Op::Store64];

const TIME: usize = OPS.len();
const PAGES: usize = TIME + 1;
/// Limbs of the address operand and of the offset.
const A: usize = PAGES + 1;
const IMM: usize = A + 2;
/// Carry out of the address's low limb, and whether it is in the cell's upper half.
const CARRY: usize = IMM + 2;
const HALF: usize = CARRY + 1;
/// Limbs of the value, and of the cell before and after.
const V: usize = HALF + 1;
const OLD: usize = V + 4;
const NEW: usize = OLD + 4;
/// Time of the cell's last access.
const PRIOR: usize = NEW + 4;
pub const WIDTH: usize = PRIOR + 1;
