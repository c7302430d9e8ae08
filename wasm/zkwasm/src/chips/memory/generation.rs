use std::collections::BTreeMap;

use p3_field::PrimeCharacteristicRing;

use super::{
    CELL, GAPS_FIXED_WIDTH, GAPS_WIDTH, HIGH, IMAGE_FIXED_WIDTH, IMAGE_WIDTH, LOW, REAL, SINCE,
    STEP, TIME, UNTIL, VALUE, ZEROS_WIDTH,
};
use crate::chips::{Asked, Cells, Val, fill, height, put};
use crate::execute::trace::{Access, Space};
use crate::program::Image;

/// Cells of linear memory that there can be.
const CELLS: u32 = 1 << 29;
/// Gaps are at most as long, and so are steps from cell to cell.
const LONGEST: u32 = 1 << 23;
/// Zero cells between others are part of the image where they are as few.
const FEW: u32 = 16;

/// The last access to each cell beside the frames: its time, and the value that it left.
#[derive(Default)]
pub struct Memory {
    cells: BTreeMap<(Space, u32), (u32, u64)>,
}

impl Memory {
    /// Notes an access. They must come in the order of their times.
    pub fn touch(&mut self, access: Access, time: u32) -> Touch {
        let Access { space, cell, old, new } = access;
        let last = self.cells.insert((space, cell), (time, new));
        Touch { cell, old, new, prior: last.map_or(0, |(time, _)| time) }
    }
}

/// An access to a cell, and the time of the one before, 0 if there is none.
#[derive(Clone, Copy, Debug)]
pub struct Touch {
    pub cell: u32,
    pub old: u64,
    pub new: u64,
    pub prior: u32,
}

/// Cells of linear memory that the image gives: all but long runs of zeros.
fn linear(image: &Image) -> Vec<(u32, u64)> {
    let word = |bytes: &[u8]| {
        let mut word = [0; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(word)
    };
    let mut cells = vec![];
    let mut zeros = 0;
    for (cell, value) in (0..).zip(image.memory.chunks(8).map(word)) {
        if value == 0 {
            zeros += 1;
            continue;
        }
        if zeros <= FEW && !cells.is_empty() {
            cells.extend((cell - zeros..cell).map(|cell| (cell, 0)));
        }
        zeros = 0;
        cells.push((cell, value));
    }
    cells
}

fn image_cells(image: &Image) -> Vec<(Space, u32, u64)> {
    let mut cells: Vec<_> =
        linear(image).into_iter().map(|(cell, value)| (Space::Linear, cell, value)).collect();
    for (space, values) in [(Space::Globals, &image.globals), (Space::Tables, &image.tables)] {
        cells.extend((0..).zip(values).map(|(cell, value)| (space, cell, *value)));
    }
    let bytes = (0..).zip(&image.segments);
    cells.extend(bytes.map(|(cell, byte)| (Space::Segments, cell, u64::from(*byte))));
    cells
}

/// The preprocessed columns of the image.
pub fn image_fixed(image: &Image) -> Cells {
    fill(IMAGE_FIXED_WIDTH, &image_cells(image), |row, (space, cell, value)| {
        row[0] = Val::from_u8(*space as u8);
        row[1] = Val::from_u32(*cell);
        put(&mut row[2..6], *value);
        row[6] = Val::ONE;
    })
}

/// What the run left in the image's cells.
pub fn generate_image(image: &Image, memory: &Memory) -> Cells {
    fill(IMAGE_WIDTH, &image_cells(image), |row, (space, cell, value)| {
        let (time, value) = memory.cells.get(&(*space, *cell)).copied().unwrap_or((0, *value));
        row[0] = Val::from_u32(time);
        put(&mut row[1..], value);
    })
}

/// Gaps in order, by their first cell and the one after their last.
fn gaps(image: &Image) -> Vec<(u32, u32)> {
    let mut gaps = vec![];
    let mut start = 0;
    for end in linear(image).into_iter().map(|(cell, _)| cell).chain([CELLS]) {
        while start < end {
            let stop = end.min(start + LONGEST);
            gaps.push((start, stop));
            start = stop;
        }
        start = end + 1;
    }
    gaps
}

/// The preprocessed columns of the gaps.
pub fn gaps_fixed(image: &Image) -> Cells {
    fill(GAPS_FIXED_WIDTH, &gaps(image), |row, (low, high)| {
        row.copy_from_slice(&[*low, *high].map(Val::from_u32));
    })
}

/// The cells that the run touched and the image does not give; and how often each gap is meant.
pub fn generate_zeros(image: &Image, memory: &Memory, asked: &mut Asked) -> (Cells, Vec<u32>) {
    let gaps = gaps(image);
    let given = linear(image);
    let in_image = |cell: u32| given.binary_search_by_key(&cell, |(cell, _)| *cell).is_ok();
    let touched = memory.cells.range((Space::Linear, 0)..(Space::Globals, 0));
    let mut rows: Vec<(u32, u32, u64)> = vec![];
    for ((_, cell), (time, value)) in touched.filter(|((_, cell), _)| !in_image(*cell)) {
        // Cells in between that nobody touches.
        while let Some((last, ..)) = rows.last()
            && cell - last > LONGEST
        {
            let between = (last + LONGEST..).find(|cell| !in_image(*cell)).expect("a zero cell");
            rows.push((between, 0, 0));
        }
        rows.push((*cell, *time, *value));
    }
    let mut counts = vec![0; height(gaps.len())];
    let mut last = None;
    let cells = fill(ZEROS_WIDTH, &rows, |row, (cell, time, value)| {
        let gap = gaps.partition_point(|(low, _)| low <= cell) - 1;
        counts[gap] += 1;
        let (low, high) = gaps[gap];
        for (column, number) in [(CELL, *cell), (TIME, *time), (LOW, low), (HIGH, high), (REAL, 1)]
        {
            row[column] = Val::from_u32(number);
        }
        put(&mut row[VALUE..], *value);
        let step = last.map_or(0, |last| cell - last - 1);
        last = Some(*cell);
        for (column, number) in [(SINCE, cell - low), (UNTIL, high - 1 - cell), (STEP, step)] {
            row[column] = Val::from_u32(number & 0xffff);
            row[column + 1] = Val::from_u32(number >> 16);
            asked.number(number as u16);
            asked.byte((number >> 16) as u8);
        }
    });
    (cells, counts)
}

/// The table of the gaps' counts.
pub fn generate_gaps(counts: &[u32]) -> Cells {
    Cells::new(counts.iter().map(|count| Val::from_u32(*count)).collect(), GAPS_WIDTH)
}
