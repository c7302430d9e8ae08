use p3_field::{Field, PrimeCharacteristicRing};

use super::OPS;
use super::columns::{A, B, BIT, CARRY, INVERSE, SIGN_A, SIGN_B, WIDTH, X};
use crate::chips::results::set_flag;
use crate::chips::{Asked, Cells, Event, Val, fill, limbs};
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
    let (mut left, mut right) = (limbs(a), limbs(b));
    for limb in 0..4 {
        row[A + limb] = Val::from_u16(left[limb]);
        row[B + limb] = Val::from_u16(right[limb]);
    }
    let top = match op {
        Op::LtS32 | Op::GeS32 => Some(1),
        Op::LtS64 | Op::GeS64 => Some(3),
        _ => None,
    };
    if let Some(top) = top {
        for (value, sign) in [(&mut left, SIGN_A), (&mut right, SIGN_B)] {
            row[sign] = Val::from_u16(value[top] >> 15);
            value[top] ^= 1 << 15;
            asked.number(value[top]);
        }
    }
    let add = matches!(op, Op::Add32 | Op::Add64);
    let (mut carry, mut sum) = (0, 0);
    for limb in 0..4 {
        let (l, r) = (i32::from(left[limb]), i32::from(right[limb]));
        let total = if add { l + r + carry } else { l - r - carry };
        carry = i32::from(!(0..1 << 16).contains(&total));
        let x = total as u16;
        row[X + limb] = Val::from_u16(x);
        row[CARRY + limb] = Val::from_i32(carry);
        asked.number(x);
        sum += u32::from(x);
    }
    if matches!(op, Op::Eq | Op::Ne) {
        row[INVERSE] = Val::from_u32(sum).try_inverse().unwrap_or_default();
    }
    if !matches!(op, Op::Add32 | Op::Add64 | Op::Sub32 | Op::Sub64) {
        row[BIT] = Val::from_u64(compute(op, a, b, 0).unwrap_or_default());
    }
}
