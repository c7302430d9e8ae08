use p3_field::{Field, PrimeCharacteristicRing};

use super::{A, B, C, INVERSE, K, NONZERO, ONES, OPS, WIDTH, X};
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
        row[C] = Val::from_u64(compute(*op, *a, *b, 0).unwrap_or_default());
        let sum: u32 = limbs(*a).iter().map(|limb| u32::from(*limb)).sum();
        row[NONZERO] = Val::from_bool(sum != 0);
        row[INVERSE] = Val::from_u32(sum).try_inverse().unwrap_or_default();
        if *op == Op::Popcnt {
            for (index, byte) in a.to_le_bytes().into_iter().enumerate() {
                row[X + index] = Val::from_u8(byte);
                row[ONES + index] = Val::from_u32(byte.count_ones());
                asked.ones(byte);
            }
            return;
        }
        let (shift, zeros) = match op {
            Op::Clz32 | Op::Clz64 => (Op::ShrU64, a.leading_zeros()),
            _ => (Op::Shl64, a.trailing_zeros()),
        };
        let k = 63 - zeros.min(63);
        row[K] = Val::from_u32(k);
        asked.byte(k as u8);
        asked.byte(4 * k as u8);
        if *a != 0 {
            asked.result(shift, *a, u64::from(k));
        }
    })
}
