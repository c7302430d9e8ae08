//! Loads and stores of every width at every address.
//!
//! Why the constraints suffice. *Address:* the limbs of `a + imm`, and of the last byte's address,
//! are summed with carries. *Bounds:* the third limb of the last byte's address, at most 2, is 0, or
//! the access is out of bounds; its second limb, a page, is compared with the number of pages, at
//! most 2^16, by a lookup of the difference, in the direction that the trap flag says. *Cell:* the lowest limb is `8 w + o` where `w`, looked
//! up itself and eightfold, is below 2^13, and `o` one of eight flags. Where the bytes reach beyond
//! the cell, the next one is accessed as well. *Bytes:* both cells are looked-up bytes. A loaded
//! byte is that at `o` and its place, then the sign's (a boolean for which twice the highest byte
//! less 256 times it is a byte) or 0; a store puts the value's bytes there and keeps the others.
//! Without a trap the accesses are made at the row's time, each after the cell's last.

mod air;
mod generation;
#[cfg(test)]
mod tests;

pub use air::eval;
pub use generation::{LinearEvent, generate};

use crate::program::isa::Op;

/// The operations of this table in the order of their flags.
pub const OPS: [Op; 13] = [
    Op::Load8U,
    Op::Load16U,
    Op::Load32U,
    Op::Load64,
    Op::Load8S32,
    Op::Load16S32,
    Op::Load8S64,
    Op::Load16S64,
    Op::Load32S64,
    Op::Store8,
    Op::Store16,
    Op::Store32,
    Op::Store64,
];

const TIME: usize = OPS.len();
const PAGES: usize = TIME + 1;
/// Limbs of the address operand and of the offset.
const A: usize = PAGES + 1;
const IMM: usize = A + 2;
/// Bytes of the value.
const V: usize = IMM + 3;
/// Whether the access is out of bounds, and whether the last byte's address has a third limb.
const TRAP: usize = V + 8;
const FAR: usize = TRAP + 1;
/// Carries of the address's limbs.
const CARRY: usize = FAR + 1;
/// The address: its second limb, and an eighth of its first one.
const HIGH: usize = CARRY + 2;
const WORD: usize = HIGH + 1;
/// Which byte of the cell is the first.
const OFFSET: usize = WORD + 1;
/// Limbs of the last byte's address, and their carries.
const LAST: usize = OFFSET + 8;
const LAST_CARRY: usize = LAST + 2;
/// Whether the next cell is needed.
const CROSS: usize = LAST_CARRY + 2;
/// The sign that is loaded, and the same for 64 bits only.
const SIGN: usize = CROSS + 1;
const SIGN64: usize = SIGN + 1;
/// Bytes of both cells before, limbs after.
const OLD: usize = SIGN64 + 1;
const NEW: usize = OLD + 16;
/// Times of the last accesses to both cells.
const PRIOR: usize = NEW + 8;
pub const WIDTH: usize = PRIOR + 2;
