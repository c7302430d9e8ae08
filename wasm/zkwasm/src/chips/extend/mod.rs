//! The wrap to 32 bits, and sign extensions.
//!
//! Why the constraints suffice. The sign is a boolean; twice the number that is extended, less the
//! sign's weight, is in the range of its width for the right sign only. A byte is split off the
//! lowest limb with a looked-up rest. The limbs above are the sign's, or 0 beyond 32 bits.

mod air;
mod generation;
#[cfg(test)]
mod tests;

pub use air::eval;
pub use generation::generate;

use crate::program::isa::Op;

/// The operations of this table in the order of their flags.
pub const OPS: [Op; 6] =
    [Op::Wrap, Op::Ext8S32, Op::Ext16S32, Op::Ext8S64, Op::Ext16S64, Op::Ext32S64];

/// Limbs of the operands; `b` has no effect.
const A: usize = OPS.len();
const B: usize = A + 4;
/// Bytes of the lowest limb.
const LOW: usize = B + 4;
const HIGH: usize = LOW + 1;
const SIGN: usize = HIGH + 1;
/// The two lowest limbs of the result.
const C: usize = SIGN + 1;
pub const WIDTH: usize = C + 2;
