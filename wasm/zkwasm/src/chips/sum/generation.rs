use p3_field::PrimeCharacteristicRing;

use super::{columns, ops, width};
use crate::chips::results::set_flag;
use crate::chips::{Asked, Cells, Event, Val, fill, limbs};
use crate::program::isa::Op;

/// The table of the events, whose operands have so many limbs.
///
/// # Panics
/// Where an event's operation is none of the table's.
pub fn generate<const LIMBS: usize>(events: &[Event], asked: &mut Asked) -> Cells {
    let [a, b, x, carries] = columns(LIMBS);
    fill(width(LIMBS), events, |row, event| {
        set_flag(row, ops(LIMBS), event.op);
        let add = matches!(event.op, Op::Add32 | Op::Add64);
        let (left, right) = (limbs(event.a), limbs(event.b));
        let mut carry = 0;
        for limb in 0..LIMBS {
            let (l, r) = (i32::from(left[limb]), i32::from(right[limb]));
            let total = if add { l + r + carry } else { l - r - carry };
            carry = i32::from(!(0..1 << 16).contains(&total));
            row[a + limb] = Val::from_u16(left[limb]);
            row[b + limb] = Val::from_u16(right[limb]);
            row[x + limb] = Val::from_u16(total as u16);
            row[carries + limb] = Val::from_i32(carry);
            asked.number(total as u16);
        }
    })
}
