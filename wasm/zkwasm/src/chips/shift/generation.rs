use p3_field::PrimeCharacteristicRing;

use super::{Columns, columns, ops};
use crate::chips::results::set_flag;
use crate::chips::{Asked, Cells, Event, Val, fill, limbs, put};
use crate::execute::compute;
use crate::program::isa::Op;

/// The table of the events, whose operands have so many limbs.
///
/// # Panics
/// Where an event's operation is none of the table's.
pub fn generate<const LIMBS: usize>(events: &[Event], asked: &mut Asked) -> Cells {
    let at = columns(LIMBS);
    fill(at.width, events, |row, event| fill_row::<LIMBS>(&at, row, event, asked))
}

fn fill_row<const LIMBS: usize>(at: &Columns, row: &mut [Val], event: &Event, asked: &mut Asked) {
    let Event { op, a, b } = *event;
    set_flag(row, ops(LIMBS), op);
    put(&mut row[at.a..at.b], a);
    put(&mut row[at.b..at.distance], b);
    put(&mut row[at.c..], compute(op, a, b, 0).unwrap_or_default());
    let bits = 16 * LIMBS as u16;
    let b0 = limbs(b)[0];
    let (distance, rest) = (b0 % bits, b0 / bits);
    row[at.distance] = Val::from_u16(distance);
    row[at.rest] = Val::from_u16(rest);
    asked.number(rest);
    asked.byte((distance * (256 / bits)) as u8);
    let left = matches!(op, Op::Shl32 | Op::Shl64 | Op::Rotl32 | Op::Rotl64);
    let k = if left { distance } else { bits - distance };
    let (q, r) = (k / 8, k % 8);
    for bit in 0..3 {
        row[at.bits + bit] = Val::from_u16(r >> bit & 1);
    }
    row[at.power] = Val::from_u16((1 << r) - 1);
    row[at.moved + usize::from(q)] = Val::ONE;
    let product = (u128::from(a) << r).to_le_bytes();
    let carry = |limb: usize| {
        let below = u128::from(a) & ((1 << (16 * (limb + 1))) - 1);
        (below << r >> (16 * (limb + 1))) as u8
    };
    let bytes = product.into_iter().take(2 * LIMBS + 1).chain((0..LIMBS - 1).map(carry));
    for (cell, byte) in row[at.product..at.sign].iter_mut().zip(bytes) {
        *cell = Val::from_u8(byte);
        asked.byte(byte);
    }
    if matches!(op, Op::ShrS32 | Op::ShrS64) {
        let top = limbs(a)[LIMBS - 1];
        row[at.sign] = Val::from_u16(top >> 15);
        asked.number(top << 1);
    }
}
