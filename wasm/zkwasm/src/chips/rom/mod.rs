//! The program: one preprocessed row an instruction, and how often it ran.
//!
//! Why it suffices: the rows are part of the program's key, so a verifier who knows the key knows
//! that what is provided are the program's instructions. Rows beyond its end, and instructions that
//! no table proves, have no flags, which no row of the CPU may have.

mod encode;

use p3_air::{AirBuilder, WindowAccess};
use p3_lookup::{Count, InteractionBuilder};

pub use encode::{BOUND, Flag, encode, fixed};

use crate::buses;

/// `[pc, op, rd, rs1, rs2, imm0..imm3, flags]`
pub const FIXED_WIDTH: usize = 10;
/// Its count.
pub const WIDTH: usize = 1;

/// Provides each instruction.
pub fn eval<AB: AirBuilder + InteractionBuilder>(builder: &mut AB) {
    let count = builder.main().current_slice()[0];
    let tuple = builder.preprocessed().current_slice().to_vec();
    builder.push_interaction(buses::ROM, tuple, Count::provided(-count.into()));
}
