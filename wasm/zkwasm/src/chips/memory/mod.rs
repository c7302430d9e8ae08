//! Cells beside the frames before and after the run.
//!
//! Why it suffices. Each cell may be provided once at time 0. *Image:* the cells of globals, tables,
//! segments and of linear memory that start with a value are preprocessed rows, each of which
//! provides its cell, and the space and cell of no two are equal. *Zeros:* other cells of linear
//! memory start as 0; their rows' cells strictly increase, and each lies in a gap between image
//! cells, as its distances to both ends are looked up to be below 2^24. Gaps are preprocessed and
//! below 2^29, so that none of this wraps around the field. No other cells are provided at all.

mod air;
mod generation;
#[cfg(test)]
mod tests;

pub use air::{eval_gaps, eval_image, eval_zeros};
pub use generation::{
    Memory, Touch, gaps_fixed, generate_gaps, generate_image, generate_zeros, image_fixed,
};

/// `[space, cell, v0..v3, whether the row is a cell]`
pub const IMAGE_FIXED_WIDTH: usize = 7;
/// Time of the last access, and the value then.
pub const IMAGE_WIDTH: usize = 5;

/// First cell of a gap, and the one after its last.
pub const GAPS_FIXED_WIDTH: usize = 2;
/// Its count.
pub const GAPS_WIDTH: usize = 1;

const CELL: usize = 0;
/// Time of the last access, and the value then.
const TIME: usize = 1;
const VALUE: usize = 2;
/// The gap.
const LOW: usize = VALUE + 4;
const HIGH: usize = LOW + 1;
/// Distances from the gap's start, to its last cell, and from the cell of the row before less one:
/// each a number of 16 bits and one of 8.
const SINCE: usize = HIGH + 1;
const UNTIL: usize = SINCE + 2;
const STEP: usize = UNTIL + 2;
/// Whether the row is a cell.
const REAL: usize = STEP + 2;
pub const ZEROS_WIDTH: usize = REAL + 1;
