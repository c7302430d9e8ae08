//! Reads and writes of globals, tables and segments.
//!
//! Why the constraints suffice. Without a trap the cell that the operation names is accessed at the
//! row's time, after its last access; a read leaves what it found, a write its value. A table's
//! index is below its size exactly if it does not trap: in both cases the lesser plus a looked-up
//! difference (and one, if it must differ) is the greater, limb by limb with a carry. The numbers of
//! cells and sizes are the program's.

mod air;
mod generation;
#[cfg(test)]
mod tests;

pub use air::eval;
pub use generation::{CellEvent, generate};

use crate::program::isa::Op;

/// The operations of this table in the order of their flags.
pub const OPS: [Op; 5] =
    [Op::GlobalGet, Op::GlobalSet, Op::TableLoad, Op::TableStore, Op::SegmentLoad];

const TIME: usize = OPS.len();
/// Pages of linear memory, of no use here.
const PAGES: usize = TIME + 1;
/// Limbs of the index and of the immediate.
const A: usize = PAGES + 1;
const IMM: usize = A + 2;
/// The value that is read or written.
const V: usize = IMM + 4;
/// Whether a table's index is out of bounds.
const TRAP: usize = V + 4;
/// By how much index and size differ, and the carry out of its lower limb.
const DIFFERENCE: usize = TRAP + 1;
const CARRY: usize = DIFFERENCE + 2;
/// The cell's value before, and the time of its last access.
const OLD: usize = CARRY + 1;
const PRIOR: usize = OLD + 4;
pub const WIDTH: usize = PRIOR + 1;
