//! Compares: a table for operands below 2^32, and one for all.
//!
//! Why the constraints suffice. `x` has range-checked limbs and the borrows are boolean, so the
//! chain of limb equations, none of which can wrap around the field, makes `x` the difference and
//! the last borrow that of the operands. An unsigned compare is this borrow. A signed one flips the
//! sign bits first: adding `2^15 - 2^16 sign` to the highest limb gives a number below 2^16 for
//! exactly one boolean `sign`, and the borrow then orders signed numbers. Equality asks whether the
//! difference is zero: the limbs' sum is below 2^18, so it is zero only if each limb is. Numbers
//! below 2^32 compare without their upper limbs as they do with them.

mod air;
mod generation;
#[cfg(test)]
mod tests;

pub use air::eval;
pub use generation::generate;

use crate::program::isa::Op;

/// The operations of each table, in the order of its flags.
pub const OPS32: [Op; 6] = [Op::Eq, Op::Ne, Op::LtU, Op::GeU, Op::LtS32, Op::GeS32];
pub const OPS64: [Op; 6] = [Op::Eq, Op::Ne, Op::LtU, Op::GeU, Op::LtS64, Op::GeS64];

/// The operations of the table for operands of so many limbs.
const fn ops(limbs: usize) -> &'static [Op; 6] {
    if limbs == 2 { &OPS32 } else { &OPS64 }
}

/// First columns of a table, after the flags.
struct Columns {
    /// Limbs of the operands.
    a: usize,
    b: usize,
    /// Limbs of the difference, and the borrow out of each.
    x: usize,
    borrow: usize,
    /// Sign bits of the operands of a signed compare.
    sign_a: usize,
    sign_b: usize,
    /// Inverse of the sum of the difference's limbs, where it is not zero.
    inverse: usize,
    /// The result.
    bit: usize,
}

/// Columns of the table for operands of so many limbs.
const fn columns(limbs: usize) -> Columns {
    let a = OPS32.len();
    let [b, x, borrow, sign_a] = [a + limbs, a + 2 * limbs, a + 3 * limbs, a + 4 * limbs];
    Columns { a, b, x, borrow, sign_a, sign_b: sign_a + 1, inverse: sign_a + 2, bit: sign_a + 3 }
}

pub const fn width(limbs: usize) -> usize {
    columns(limbs).bit + 1
}
