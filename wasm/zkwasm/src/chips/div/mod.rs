//! Quotients and remainders, with their traps.
//!
//! Why the constraints suffice. *Magnitudes.* For signed operations the signs are booleans read off
//! the highest limb as in the table of sums; a negative operand's magnitude is its difference from
//! 0, asked for on the bus of results, another's is itself. For signed 32 bits, upper limbs are 0.
//! *Division.* `q b + r = a` over the magnitudes, limb by limb with carries as in the table of
//! products, the last carry and all byte products of weight `2^64` and more being 0, so that it
//! holds over the integers; and `r < b` is asked for, unless `b` is 0. So `q` and `r` are right.
//! *Result.* It is `q` or `r`, or its difference from 0, asked for, where the sign is negative.
//! *Traps.* Whether `b` is 0 is known by an inverse of its limbs' sum. A quotient overflows exactly
//! if it is not negative but has its highest bit set. A row that traps provides 0.

mod air;
mod generation;
#[cfg(test)]
mod tests;

pub use air::eval;
pub use generation::generate;

use crate::program::isa::Op;

/// The operations of this table in the order of their flags.
pub const OPS: [Op; 6] = [Op::DivU, Op::RemU, Op::DivS32, Op::DivS64, Op::RemS32, Op::RemS64];

/// Limbs of the operands, and their signs.
const A: usize = OPS.len();
const B: usize = A + 4;
const SIGN_A: usize = B + 4;
const SIGN_B: usize = SIGN_A + 1;
/// Magnitudes, as limbs and as bytes.
const X: usize = SIGN_B + 1;
const Y: usize = X + 4;
/// Bytes of the quotient of the magnitudes, limbs of the remainder.
const Q: usize = Y + 8;
const R: usize = Q + 8;
/// Carries out of the three lower limbs of `q b + r`.
const CARRY: usize = R + 4;
/// Whether the result is negative, and whether it is a signed quotient that is not.
const NEGATIVE: usize = CARRY + 3;
const POSITIVE: usize = NEGATIVE + 1;
/// Limbs of the result.
const C: usize = POSITIVE + 1;
/// Whether `b` is 0, and the inverse of its limbs' sum otherwise.
const ZERO: usize = C + 4;
const INVERSE: usize = ZERO + 1;
/// Whether the quotient overflows.
const OVERFLOW: usize = INVERSE + 1;
pub const WIDTH: usize = OVERFLOW + 1;
