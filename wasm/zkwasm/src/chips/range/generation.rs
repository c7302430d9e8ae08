use p3_field::PrimeCharacteristicRing;

use super::{BYTES_LOG_HEIGHT, BYTES_WIDTH, split_width};
use crate::chips::{Cells, Event, Val, fill};
use crate::program::isa::Op;

/// What tables that are filled ask of others: how often each number is looked up, and results.
#[derive(Clone)]
pub struct Asked {
    pub events: Vec<Event>,
    numbers: Vec<u32>,
    /// The numbers below 2^24, each as often as it is looked up.
    spans: Vec<u32>,
    /// Counts of each row of the table of bytes.
    bytes: Vec<[u32; BYTES_WIDTH]>,
}

impl Default for Asked {
    fn default() -> Self {
        Asked {
            events: vec![],
            numbers: vec![0; 1 << 16],
            spans: vec![],
            bytes: vec![[0; BYTES_WIDTH]; 1 << BYTES_LOG_HEIGHT],
        }
    }
}

impl Asked {
    pub fn result(&mut self, op: Op, a: u64, b: u64) {
        self.events.push(Event { op, a, b });
    }

    pub fn number(&mut self, number: u16) {
        self.numbers[usize::from(number)] += 1;
    }

    /// A number below 2^24.
    pub fn span(&mut self, number: u32) {
        self.spans.push(number);
    }

    pub fn byte(&mut self, byte: u8) {
        self.bytes[usize::from(byte)][0] += 1;
    }

    pub fn ones(&mut self, byte: u8) {
        self.bytes[usize::from(byte)][1] += 1;
    }

    /// The conjunction of two nibbles.
    pub fn and(&mut self, low: u8, high: u8) -> u8 {
        self.bytes[usize::from(low | high << 4)][2] += 1;
        low & high
    }
}

/// The table of the numbers below 2^16 that were looked up; counts the bytes that it looks up.
pub fn generate_split16(asked: &mut Asked) -> Cells {
    let counts = (0..).zip(asked.numbers.iter().copied());
    let used: Vec<(u32, u32)> = counts.filter(|(_, count)| *count > 0).collect();
    generate_split(&used, 2, asked)
}

/// The same for numbers below 2^24.
pub fn generate_split24(asked: &mut Asked) -> Cells {
    let mut spans = std::mem::take(&mut asked.spans);
    spans.sort_unstable();
    let runs = spans.chunk_by(|one, other| one == other);
    let used: Vec<(u32, u32)> = runs.map(|run| (run[0], run.len() as u32)).collect();
    generate_split(&used, 3, asked)
}

/// The table of numbers of so many bytes, each with its count.
fn generate_split(used: &[(u32, u32)], bytes: usize, asked: &mut Asked) -> Cells {
    fill(split_width(bytes), used, |row, (number, count)| {
        for (cell, byte) in row.iter_mut().zip(&number.to_le_bytes()[..bytes]) {
            *cell = Val::from_u8(*byte);
            asked.byte(*byte);
        }
        row[bytes] = Val::from_u32(*count);
        row[bytes + 1] = Val::ONE;
    })
}

/// The table of all bytes with their counts.
pub fn generate_bytes(asked: &Asked) -> Cells {
    let counts = asked.bytes.iter().flatten();
    Cells::new(counts.map(|count| Val::from_u32(*count)).collect(), BYTES_WIDTH)
}
