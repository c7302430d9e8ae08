use p3_field::PrimeCharacteristicRing;

use super::{A, B, BITS, BYTES, C, DISTANCE, HIGH, LOW, OPS, POWER, REST, SIGN, SIGN64, WIDTH, X};
use crate::chips::results::set_flag;
use crate::chips::{Asked, Cells, Event, Val, fill, limbs, put};
use crate::execute::compute;
use crate::program::isa::Op;

/// The table of the events.
///
/// # Panics
/// Where an event's operation is none of [`OPS`].
pub fn generate(events: &[Event], asked: &mut Asked) -> Cells {
    fill(WIDTH, events, |row, event| fill_row(row, event, asked))
}

fn fill_row(row: &mut [Val], event: &Event, asked: &mut Asked) {
    let Event { op, a, b } = *event;
    set_flag(row, &OPS, op);
    put(&mut row[A..], a);
    put(&mut row[B..], b);
    put(&mut row[C..], compute(op, a, b, 0).unwrap_or_default());
    let narrow = op.name().ends_with("32");
    let bits = if narrow { 32 } else { 64 };
    let b0 = limbs(b)[0];
    let (distance, rest) = (b0 % bits, b0 / bits);
    row[DISTANCE] = Val::from_u16(distance);
    row[REST] = Val::from_u16(rest);
    asked.number(rest);
    asked.byte((distance * (256 / bits)) as u8);
    let left = matches!(op, Op::Shl32 | Op::Shl64 | Op::Rotl32 | Op::Rotl64);
    let k = if left { distance } else { bits - distance };
    let (q, r) = (k / 8, k % 8);
    for bit in 0..3 {
        row[BITS + bit] = Val::from_u16(r >> bit & 1);
    }
    row[POWER] = Val::from_u16((1 << r) - 1);
    row[BYTES + usize::from(q)] = Val::ONE;
    for (index, byte) in a.to_le_bytes().into_iter().enumerate() {
        let [low, high] = (u16::from(byte) << r).to_le_bytes();
        for (column, byte) in [(X, byte), (LOW, low), (HIGH, high)] {
            row[column + index] = Val::from_u8(byte);
            asked.byte(byte);
        }
    }
    if matches!(op, Op::ShrS32 | Op::ShrS64) {
        let top = a.to_le_bytes()[if narrow { 3 } else { 7 }];
        let sign = Val::from_u8(top >> 7);
        row[SIGN] = sign;
        row[SIGN64] = if narrow { Val::ZERO } else { sign };
        asked.byte(top << 1);
    }
}
