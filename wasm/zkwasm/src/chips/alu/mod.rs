//! Additions, subtractions and compares of 32 and 64 bits.
//!
//! Why the constraints suffice. Flags are boolean and at most one is set, so a row is padding or
//! names one operation. `x` has range-checked limbs and the carries are boolean, so the chain of
//! limb equations, none of which can wrap around the field, makes `x` the 64-bit sum or difference
//! and the carry out of limb `i` that of the low `16 (i + 1)` bits. An unsigned compare is the
//! borrow out of limb 3. A signed one flips the sign bits first: adding `2^15 - 2^16 sign` to the
//! highest limb gives a number below 2^16 for exactly one boolean `sign`, and the borrow then
//! orders signed numbers; it is taken out of limb 1 for 32 bits. Equality asks whether the
//! difference is zero: the limbs' sum is below 2^18, so it is zero only if each limb is.

mod air;
mod columns;
mod generation;
#[cfg(test)]
mod tests;

pub use air::eval;
pub use columns::WIDTH;
pub use generation::generate;

use crate::program::isa::Op;

/// The operations of this table in the order of their flags.
pub const OPS: [Op; 12] = [
    Op::Add32,
    Op::Add64,
    Op::Sub32,
    Op::Sub64,
    Op::Eq,
    Op::Ne,
    Op::LtU,
    Op::GeU,
    Op::LtS32,
    Op::GeS32,
    Op::LtS64,
    Op::GeS64,
];
