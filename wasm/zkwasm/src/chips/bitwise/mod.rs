//! Conjunction, disjunction and exclusive or: a table for operands below 2^32, and one for all.
//!
//! Why the constraints suffice. Each pair of nibbles is looked up with its conjunction in the fixed
//! table, which bounds all three, so the operands' limbs have just these nibbles, and none beyond the
//! table's. `x | y` is `x + y - (x & y)`, and `x ^ y` is `x + y - 2 (x & y)`.

mod air;
mod generation;
#[cfg(test)]
mod tests;

pub use air::eval;
pub use generation::generate;

use crate::program::isa::Op;

/// The operations of these tables in the order of their flags.
pub const OPS: [Op; 3] = [Op::And, Op::Or, Op::Xor];

/// Columns of a table for so many limbs: flags, then the nibbles of the operands, lowest first, and
/// their conjunctions.
pub const fn width(limbs: usize) -> usize {
    OPS.len() + 3 * 4 * limbs
}

/// First nibbles of the operands and of the conjunctions.
const fn nibbles(limbs: usize) -> [usize; 3] {
    [OPS.len(), OPS.len() + 4 * limbs, OPS.len() + 8 * limbs]
}
