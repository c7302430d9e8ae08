use p3_field::{Field, PrimeCharacteristicRing};

use super::{Columns, columns, ops, width};
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
    fill(width(LIMBS), events, |row, event| fill_row::<LIMBS>(&at, row, event, asked))
}

fn fill_row<const LIMBS: usize>(at: &Columns, row: &mut [Val], event: &Event, asked: &mut Asked) {
    let Event { op, a, b } = *event;
    set_flag(row, ops(LIMBS), op);
    put(&mut row[at.a..at.b], a);
    put(&mut row[at.b..at.x], b);
    let (mut left, mut right) = (limbs(a), limbs(b));
    if matches!(op, Op::LtS32 | Op::GeS32 | Op::LtS64 | Op::GeS64) {
        for (value, sign) in [(&mut left, at.sign_a), (&mut right, at.sign_b)] {
            let top = &mut value[LIMBS - 1];
            row[sign] = Val::from_u16(*top >> 15);
            *top ^= 1 << 15;
            asked.number(*top);
        }
    }
    let (mut borrow, mut sum) = (false, 0);
    for limb in 0..LIMBS {
        let total = i32::from(left[limb]) - i32::from(right[limb]) - i32::from(borrow);
        borrow = total < 0;
        let x = total as u16;
        row[at.x + limb] = Val::from_u16(x);
        row[at.borrow + limb] = Val::from_bool(borrow);
        asked.number(x);
        sum += u32::from(x);
    }
    if matches!(op, Op::Eq | Op::Ne) {
        row[at.inverse] = Val::from_u32(sum).try_inverse().unwrap_or_default();
    }
    row[at.bit] = Val::from_u64(compute(op, a, b, 0).unwrap_or_default());
}
