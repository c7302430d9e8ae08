//! The tables of a proof, one folder each.

pub mod bitwise;
pub mod cell;
pub mod compare;
pub mod count;
pub mod cpu;
pub mod div;
pub mod extend;
pub mod grow;
pub mod io;
pub mod linear;
pub mod memory;
pub mod mul;
pub mod range;
pub mod results;
pub mod rom;
pub mod shift;
pub mod slots;
#[cfg(test)]
mod soundness;
pub mod sum;
#[cfg(test)]
mod testing;
pub mod word;

use std::borrow::Cow;
use std::sync::Arc;

use p3_air::{Air, AirBuilder, BaseAir};
use p3_field::PrimeCharacteristicRing;
use p3_koala_bear::KoalaBear;
use p3_lookup::InteractionBuilder;
use p3_matrix::dense::RowMajorMatrix;

use crate::buses;
use crate::program::isa::Op;
pub use range::Asked;

/// The field of all cells.
pub type Val = KoalaBear;

/// The cells of a table.
pub type Cells = RowMajorMatrix<Val>;

/// A result that a table has to prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    pub op: Op,
    pub a: u64,
    pub b: u64,
}

/// The 16-bit limbs of a value, lowest first.
pub fn limbs(value: u64) -> [u16; 4] {
    [0, 16, 32, 48].map(|shift| (value >> shift) as u16)
}

/// Puts the limbs of a value into the first four cells.
fn put(cells: &mut [Val], value: u64) {
    for (cell, limb) in cells.iter_mut().zip(limbs(value)) {
        *cell = Val::from_u16(limb);
    }
}

/// Height of a table with so many rows in use.
pub fn height(rows: usize) -> usize {
    rows.next_power_of_two().max(1 << MIN_LOG_HEIGHT)
}

/// A table with a row for each item, filled up with zeros.
fn fill<T>(width: usize, items: &[T], mut row: impl FnMut(&mut [Val], &T)) -> Cells {
    let mut cells = Val::zero_vec(height(items.len()) * width);
    for (cells, item) in cells.chunks_exact_mut(width).zip(items) {
        row(cells, item);
    }
    Cells::new(cells, width)
}

/// No table is lower than `2^MIN_LOG_HEIGHT`.
pub const MIN_LOG_HEIGHT: usize = 4;

/// Columns fixed by the program; a verifier has only their commitment.
pub type Fixed = Option<Arc<Cells>>;

/// Any of the tables.
#[derive(Clone, Debug)]
pub enum Table {
    Cpu,
    Rom(Fixed),
    Slots,
    Image(Fixed),
    Gaps(Fixed),
    Zeros,
    Linear,
    Word,
    Cell,
    Grow,
    /// With the columns of the public inputs and outputs.
    Io(Arc<Vec<Vec<Val>>>),
    Sum32,
    Sum64,
    Compare32,
    Compare64,
    Bitwise32,
    Bitwise64,
    Extend,
    Count,
    Div,
    Mul,
    Shift32,
    Shift64,
    Split16,
    Split24,
    Bytes(Fixed),
    /// Requests what a test asks for, in place of the CPU.
    #[cfg(test)]
    Requests,
}

impl BaseAir<Val> for Table {
    fn width(&self) -> usize {
        match self {
            Self::Cpu => cpu::WIDTH,
            Self::Rom(_) => rom::WIDTH,
            Self::Slots => slots::WIDTH,
            Self::Image(_) => memory::IMAGE_WIDTH,
            Self::Gaps(_) => memory::GAPS_WIDTH,
            Self::Zeros => memory::ZEROS_WIDTH,
            Self::Linear => linear::WIDTH,
            Self::Word => word::WIDTH,
            Self::Cell => cell::WIDTH,
            Self::Grow => grow::WIDTH,
            Self::Io(_) => io::WIDTH,
            Self::Sum32 => sum::width(2),
            Self::Sum64 => sum::width(4),
            Self::Compare32 => compare::width(2),
            Self::Compare64 => compare::width(4),
            Self::Bitwise32 => bitwise::width(2),
            Self::Bitwise64 => bitwise::width(4),
            Self::Extend => extend::WIDTH,
            Self::Shift32 => shift::width(2),
            Self::Shift64 => shift::width(4),
            Self::Mul => mul::WIDTH,
            Self::Div => div::WIDTH,
            Self::Count => count::WIDTH,
            Self::Split16 => range::split_width(2),
            Self::Split24 => range::split_width(3),
            Self::Bytes(_) => range::BYTES_WIDTH,
            #[cfg(test)]
            Self::Requests => testing::REQUESTS_WIDTH,
        }
    }

    fn preprocessed_width(&self) -> usize {
        match self {
            Self::Rom(_) => rom::FIXED_WIDTH,
            Self::Bytes(_) => range::BYTES_FIXED_WIDTH,
            Self::Image(_) => memory::IMAGE_FIXED_WIDTH,
            Self::Gaps(_) => memory::GAPS_FIXED_WIDTH,
            _ => 0,
        }
    }

    fn preprocessed_trace(&self) -> Option<Cells> {
        match self {
            Self::Rom(fixed) | Self::Image(fixed) | Self::Gaps(fixed) | Self::Bytes(fixed) => {
                fixed.as_deref().cloned()
            }
            _ => None,
        }
    }

    fn num_public_values(&self) -> usize {
        if let Self::Cpu = self { cpu::PUBLIC } else { 0 }
    }

    fn num_periodic_columns(&self) -> usize {
        if let Self::Io(_) = self { io::GIVEN } else { 0 }
    }

    fn periodic_columns(&self) -> Cow<'_, [Vec<Val>]> {
        if let Self::Io(columns) = self { Cow::Borrowed(columns) } else { Cow::Borrowed(&[]) }
    }

    // A table that does not look at its next row need not have it opened.
    fn main_next_row_columns(&self) -> Vec<usize> {
        match self {
            Self::Cpu | Self::Slots | Self::Zeros => (0..self.width()).collect(),
            _ => vec![],
        }
    }

    fn preprocessed_next_row_columns(&self) -> Vec<usize> {
        vec![]
    }
}

impl<AB: AirBuilder<F = Val> + InteractionBuilder> Air<AB> for Table {
    fn eval(&self, builder: &mut AB) {
        match self {
            Self::Cpu => cpu::eval(builder),
            Self::Rom(_) => rom::eval(builder),
            Self::Slots => slots::eval(builder),
            Self::Image(_) => memory::eval_image(builder),
            Self::Gaps(_) => memory::eval_gaps(builder),
            Self::Zeros => memory::eval_zeros(builder),
            Self::Linear => linear::eval(builder),
            Self::Word => word::eval(builder),
            Self::Cell => cell::eval(builder),
            Self::Grow => grow::eval(builder),
            Self::Io(_) => io::eval(builder),
            Self::Sum32 => sum::eval(builder, 2),
            Self::Sum64 => sum::eval(builder, 4),
            Self::Compare32 => compare::eval(builder, 2),
            Self::Compare64 => compare::eval(builder, 4),
            Self::Bitwise32 => bitwise::eval(builder, 2),
            Self::Bitwise64 => bitwise::eval(builder, 4),
            Self::Extend => extend::eval(builder),
            Self::Shift32 => shift::eval(builder, 2),
            Self::Shift64 => shift::eval(builder, 4),
            Self::Mul => mul::eval(builder),
            Self::Div => div::eval(builder),
            Self::Count => count::eval(builder),
            Self::Split16 => range::eval_split(builder, 2, buses::RANGE16),
            Self::Split24 => range::eval_split(builder, 3, buses::RANGE24),
            Self::Bytes(_) => range::eval_bytes(builder),
            #[cfg(test)]
            Self::Requests => testing::eval_requests(builder),
        }
    }
}

/// A table with its cells and public values, ready to be proven.
#[derive(Clone, Debug)]
pub struct Filled {
    pub table: Table,
    pub cells: Cells,
    pub public: Vec<Val>,
}

impl Filled {
    pub fn new(table: Table, cells: Cells) -> Self {
        Filled { table, cells, public: vec![] }
    }
}
