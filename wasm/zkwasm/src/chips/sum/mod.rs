//! Additions and subtractions: a table for 32 bits and one for 64.
//!
//! Why the constraints suffice. Operands' limbs are below 2^16, the result's are looked up and the
//! carries boolean, so no limb's equation can wrap around the field: their chain makes the result
//! the sum or difference, less the carry out of the highest limb.

mod air;
mod generation;
#[cfg(test)]
mod tests;

pub use air::eval;
pub use generation::generate;

use crate::program::isa::Op;

/// The operations of each table, in the order of its flags.
pub const OPS32: [Op; 2] = [Op::Add32, Op::Sub32];
pub const OPS64: [Op; 2] = [Op::Add64, Op::Sub64];

/// The operations of the table for operands of so many limbs.
const fn ops(limbs: usize) -> &'static [Op; 2] {
    if limbs == 2 { &OPS32 } else { &OPS64 }
}

/// Columns of a table for so many limbs: flags, the limbs of the operands and of the result, and the
/// carry or borrow out of each.
pub const fn width(limbs: usize) -> usize {
    OPS32.len() + 4 * limbs
}

/// First limbs of the operands and of the result, and the first carry.
const fn columns(limbs: usize) -> [usize; 4] {
    let a = OPS32.len();
    [a, a + limbs, a + 2 * limbs, a + 3 * limbs]
}
