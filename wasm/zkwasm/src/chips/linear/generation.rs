use p3_field::PrimeCharacteristicRing;

use super::{
    A, CARRY, CROSS, FAR, HIGH, IMM, LAST, LAST_CARRY, NEW, OFFSET, OLD, OPS, PAGES, PRIOR, SIGN,
    SIGN64, TIME, TRAP, V, WIDTH, WORD,
};
use crate::chips::memory::Touch;
use crate::chips::results::set_flag;
use crate::chips::{Asked, Cells, Val, fill, limbs, put};
use crate::execute::width;
use crate::program::isa::Op;

/// A load or store at a time.
#[derive(Clone, Debug)]
pub struct LinearEvent {
    pub op: Op,
    pub time: u32,
    pub pages: u32,
    pub a: u64,
    pub imm: u64,
    /// What is loaded or stored; 0 for a load that traps.
    pub value: u64,
    /// None where it traps.
    pub accesses: [Option<Touch>; 2],
}

/// The table of the events.
pub fn generate(events: &[LinearEvent], asked: &mut Asked) -> Cells {
    fill(WIDTH, events, |row, event| fill_row(row, event, asked))
}

fn fill_row(row: &mut [Val], event: &LinearEvent, asked: &mut Asked) {
    let LinearEvent { op, time, pages, a, imm, value, accesses } = event;
    set_flag(row, &OPS, *op);
    row[TIME] = Val::from_u32(*time);
    row[PAGES] = Val::from_u32(*pages);
    for (column, number) in [(A, *a), (IMM, *imm)] {
        let limbs = limbs(number).map(Val::from_u16);
        let count = if column == A { 2 } else { 3 };
        row[column..column + count].copy_from_slice(&limbs[..count]);
    }
    let bytes = width(*op) as u64;
    let address = a + imm;
    let last = address + bytes - 1;
    let [low, high, third, _] = limbs(address);
    let [last_low, page, beyond, _] = limbs(last);
    let carry = (u64::from(limbs(*a)[0]) + u64::from(limbs(*imm)[0])) >> 16;
    let carry_high = (u64::from(limbs(*a)[1]) + u64::from(limbs(*imm)[1]) + carry) >> 16;
    let trap = accesses[0].is_none();
    let (word, offset) = (low >> 3, usize::from(low & 7));
    let cross = offset as u64 + bytes > 8;
    for (column, number) in [
        (TRAP, u32::from(trap)),
        (FAR, u32::from(beyond > 0)),
        (CARRY, carry as u32),
        (CARRY + 1, carry_high as u32),
        (HIGH, u32::from(high)),
        (WORD, u32::from(word)),
        (OFFSET + offset, 1),
        (LAST, u32::from(last_low)),
        (LAST + 1, u32::from(page)),
        (LAST_CARRY, u32::from(last_low < low)),
        (LAST_CARRY + 1, u32::from(beyond > third)),
        (CROSS, u32::from(cross)),
    ] {
        row[column] = Val::from_u32(number);
    }
    for number in [word, word * 8, high, last_low, page] {
        asked.number(number);
    }
    if beyond == 0 {
        let page = u32::from(page);
        let distance = if trap { page.wrapping_sub(*pages) } else { pages.wrapping_sub(page + 1) };
        asked.number(distance as u16);
    }
    let mut window = [[0; 8]; 2];
    for (index, access) in accesses.iter().flatten().enumerate() {
        row[PRIOR + index] = Val::from_u32(access.prior);
        asked.span(time.wrapping_sub(access.prior + 1));
        window[index] = access.old.to_le_bytes();
        put(&mut row[NEW + 4 * index..], access.new);
    }
    if trap {
        // Nobody sees the cells, which are taken to be zeros.
        for (index, cell) in stored(*op, *value, offset).into_iter().enumerate() {
            put(&mut row[NEW + 4 * index..], cell);
        }
    }
    for (column, bytes) in [(V, value.to_le_bytes()), (OLD, window[0]), (OLD + 8, window[1])] {
        for (byte, cell) in bytes.into_iter().zip(&mut row[column..]) {
            *cell = Val::from_u8(byte);
            asked.byte(byte);
        }
    }
    let top = match op {
        Op::Load8S32 | Op::Load8S64 => 0,
        Op::Load16S32 | Op::Load16S64 => 1,
        Op::Load32S64 => 3,
        _ => return,
    };
    let top = value.to_le_bytes()[top];
    asked.byte(top << 1);
    row[SIGN] = Val::from_u8(top >> 7);
    if matches!(op, Op::Load8S64 | Op::Load16S64 | Op::Load32S64) {
        row[SIGN64] = row[SIGN];
    }
}

/// The cells that a store leaves of zeros.
fn stored(op: Op, value: u64, offset: usize) -> [u64; 2] {
    let mut bytes = [0; 16];
    if matches!(op, Op::Store8 | Op::Store16 | Op::Store32 | Op::Store64) {
        let count = width(op);
        bytes[offset..offset + count].copy_from_slice(&value.to_le_bytes()[..count]);
    }
    [0, 8].map(|at| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes")))
}
