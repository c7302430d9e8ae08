use p3_field::PrimeCharacteristicRing;

use super::{A, B, C, HIGH, LOW, OPS, SIGN, WIDTH};
use crate::chips::results::set_flag;
use crate::chips::{Asked, Cells, Event, Val, fill, limbs, put};
use crate::execute::compute;
use crate::program::isa::Op;

/// The table of the events.
///
/// # Panics
/// Where an event's operation is none of [`OPS`].
pub fn generate(events: &[Event], asked: &mut Asked) -> Cells {
    fill(WIDTH, events, |row, Event { op, a, b }| {
        set_flag(row, &OPS, *op);
        put(&mut row[A..], *a);
        put(&mut row[B..], *b);
        let (limb, next) = (limbs(*a)[0], limbs(*a)[1]);
        let [low, high] = limb.to_le_bytes();
        for (column, byte) in [(LOW, low), (HIGH, high)] {
            row[column] = Val::from_u8(byte);
            asked.byte(byte);
        }
        let sign = match op {
            Op::Ext8S32 | Op::Ext8S64 => {
                asked.byte(low << 1);
                u16::from(low >> 7)
            }
            Op::Ext16S32 | Op::Ext16S64 => {
                asked.number(limb << 1);
                limb >> 15
            }
            Op::Ext32S64 => {
                asked.number(next << 1);
                next >> 15
            }
            _ => 0,
        };
        row[SIGN] = Val::from_u16(sign);
        let result = compute(*op, *a, *b, 0).unwrap_or_default();
        for (column, limb) in (C..C + 2).zip(limbs(result)) {
            row[column] = Val::from_u16(limb);
        }
    })
}
