//! From a recorded run to filled tables.

use std::sync::Arc;

use p3_field::PrimeCharacteristicRing;
use p3_matrix::Matrix;

use super::Error;
use super::config::MAX_LOG_HEIGHT;
use crate::chips::results::{RESULTS, fill_results};
use crate::chips::{
    Asked, Cells, Filled, Fixed, Table, Val, cell, cpu, grow, height, io, linear, memory, range,
    rom, slots, word,
};
use crate::execute::trace::Trace;
use crate::execute::{Inputs, Outcome};
use crate::program::Program;
use crate::program::isa::Status;

/// Tables with preprocessed columns.
pub const FIXED: usize = 4;

/// The tables with preprocessed columns, in the order that every proof has them in.
pub fn fixed_tables(fixed: [Fixed; FIXED]) -> [Table; FIXED] {
    let [rom, image, gaps, bytes] = fixed;
    [Table::Rom(rom), Table::Image(image), Table::Gaps(gaps), Table::Bytes(bytes)]
}

/// How tables are made.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// The lowest that any may be, as a logarithm.
    pub least: usize,
    /// Whether also those are there that the run does not need.
    pub all: bool,
}

/// The preprocessed columns of a program.
pub fn fixed_cells(program: &Program, form: Form) -> [Arc<Cells>; FIXED] {
    [
        rom::fixed(&program.code),
        memory::image_fixed(&program.image),
        memory::gaps_fixed(&program.image),
        range::bytes_fixed(),
    ]
    .map(|cells| Arc::new(pad(cells, form)))
}

/// Adds rows of zeros up to the least height. Any table may end with such rows but
/// those of the CPU, slots and Io, which are made high enough to begin with.
fn pad(mut cells: Cells, form: Form) -> Cells {
    let least = cells.width << form.least;
    if cells.values.len() < least {
        cells.values.resize(least, Val::ZERO);
    }
    cells
}

/// The columns of public inputs and outputs.
pub fn io_columns(inputs: &[u64], outputs: &[u64], form: Form) -> Arc<Vec<Vec<Val>>> {
    let mut columns = io::columns(inputs, outputs);
    for column in &mut columns {
        column.resize(column.len().max(1 << form.least), Val::ZERO);
    }
    Arc::new(columns)
}

/// Tables that are there only if the run needs them, before those of [`RESULTS`].
const OPTIONAL: [Table; 5] = [Table::Zeros, Table::Linear, Table::Word, Table::Cell, Table::Grow];

/// Number of tables that need not be there.
pub fn optional() -> usize {
    OPTIONAL.len() + RESULTS.len()
}

/// The tables of a proof in order; `present` has a bit for each that need not be there.
pub fn shape(fixed: [Fixed; FIXED], io: Arc<Vec<Vec<Val>>>, present: u32) -> Vec<Table> {
    let mut tables = vec![Table::Cpu];
    tables.extend(fixed_tables(fixed));
    tables.extend([Table::Slots, Table::Io(io), Table::Split16, Table::Split24]);
    let optional = OPTIONAL.iter().chain(RESULTS.iter().map(|(table, ..)| table));
    let chosen = optional.enumerate().filter(|(bit, _)| present >> bit & 1 == 1);
    tables.extend(chosen.map(|(_, table)| table.clone()));
    tables
}

/// Public values of the CPU's table.
pub fn public(entry: u32, pages: u32, status: Status, outputs: usize) -> Vec<Val> {
    let done = u32::from(status == Status::Done);
    [entry, pages, status as u32, done, outputs as u32].map(Val::from_u32).to_vec()
}

/// Fills the tables of a run; gives which of those are there that need not be.
///
/// # Errors
/// Where no table proves an operation that the run needs, or a table is too high.
pub fn fill(
    program: &Program,
    fixed: &[Arc<Cells>; FIXED],
    inputs: &Inputs,
    outcome: &Outcome,
    trace: &Trace,
    form: Form,
) -> Result<(Vec<Filled>, u32), Error> {
    let least = 1 << form.least;
    let mut asked = Asked::default();
    let mut run =
        cpu::generate(&program.code, trace, least, &mut asked).map_err(Error::Operation)?;
    let columns = io_columns(&inputs.public, &outcome.outputs, form);
    let io = io::generate(&columns, run.inputs as usize);
    let mut counts: Vec<Val> = run.counts.iter().map(|count| Val::from_u32(*count)).collect();
    counts.resize(height(counts.len()), Val::ZERO);

    let linear = linear::generate(&run.linear, &mut asked);
    let words = word::generate(&run.words, &mut asked);
    let cell = cell::generate(&run.cell, &mut asked);
    let grow = grow::generate(&run.grow, &mut asked);
    let (zeros, gaps) = memory::generate_zeros(&program.image, &run.memory, &mut asked);
    let image = memory::generate_image(&program.image, &run.memory);
    run.slots.resize(run.slots.len().max(least), (0, 0));
    let slots = slots::generate(&run.slots);
    let mut present = 0;
    let mut optional = vec![];
    let touches = gaps.iter().any(|count| *count > 0);
    for (bit, (needed, cells)) in [
        (touches, zeros),
        (!run.linear.is_empty(), linear),
        (!run.words.is_empty(), words),
        (!run.cell.is_empty(), cell),
        (!run.grow.is_empty(), grow),
    ]
    .into_iter()
    .enumerate()
    {
        if needed || form.all {
            present |= 1 << bit;
            optional.push(cells);
        }
    }
    for (bit, filled) in fill_results(&mut asked, form.all) {
        present |= 1 << (OPTIONAL.len() + bit);
        optional.push(filled.cells);
    }

    let split16 = range::generate_split16(&mut asked);
    let split24 = range::generate_split24(&mut asked);
    let bytes = range::generate_bytes(&asked);
    let gaps = memory::generate_gaps(&gaps);
    let mut cells = vec![
        run.into_cells(),
        Cells::new(counts, 1),
        image,
        gaps,
        bytes,
        slots,
        io,
        split16,
        split24,
    ];
    cells.extend(optional);
    let tables = shape(fixed.clone().map(Some), columns, present);
    let mut filled: Vec<Filled> = tables
        .into_iter()
        .zip(cells)
        .map(|(table, cells)| Filled::new(table, pad(cells, form)))
        .collect();
    filled[0].public =
        public(program.entry, program.image.pages, outcome.status, outcome.outputs.len());
    if filled.iter().any(|table| table.cells.height() > 1 << MAX_LOG_HEIGHT) {
        return Err(Error::Height);
    }
    Ok((filled, present))
}
