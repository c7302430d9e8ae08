use p3_field::PrimeCharacteristicRing;

use super::{OPS, nibbles, width};
use crate::chips::results::set_flag;
use crate::chips::{Asked, Cells, Event, Val, fill};

/// The table of the events, whose operands have so many limbs.
///
/// # Panics
/// Where an event's operation is none of [`OPS`].
pub fn generate<const LIMBS: usize>(events: &[Event], asked: &mut Asked) -> Cells {
    fill(width(LIMBS), events, |row, Event { op, a, b }| {
        set_flag(row, &OPS, *op);
        let [left, right, both] = nibbles(LIMBS);
        for nibble in 0..4 * LIMBS {
            let [x, y] = [a, b].map(|value| (value >> (4 * nibble) & 15) as u8);
            row[left + nibble] = Val::from_u8(x);
            row[right + nibble] = Val::from_u8(y);
            row[both + nibble] = Val::from_u8(asked.and(x, y));
        }
    })
}
