use p3_field::PrimeCharacteristicRing;

use super::{A, B, C, CARRY, OPS, WIDTH, X, Y};
use crate::chips::results::set_flag;
use crate::chips::{Asked, Cells, Event, Val, fill, put};

/// Sums of the byte products of `a * b` that belong to each of the four lower limbs.
pub fn weigh(a: u64, b: u64) -> [u32; 4] {
    let (x, y) = (a.to_le_bytes().map(u32::from), b.to_le_bytes().map(u32::from));
    let product = |weight: usize| -> u32 { (0..=weight).map(|i| x[i] * y[weight - i]).sum() };
    std::array::from_fn(|limb| product(2 * limb) + (product(2 * limb + 1) << 8))
}

/// The table of the events.
///
/// # Panics
/// Where an event's operation is none of [`OPS`].
pub fn generate(events: &[Event], asked: &mut Asked) -> Cells {
    fill(WIDTH, events, |row, Event { op, a, b }| {
        set_flag(row, &OPS, *op);
        put(&mut row[A..], *a);
        put(&mut row[B..], *b);
        for (bytes, value) in [(X, a), (Y, b)] {
            for (byte, cell) in value.to_le_bytes().into_iter().zip(&mut row[bytes..]) {
                *cell = Val::from_u8(byte);
                asked.byte(byte);
            }
        }
        let mut carry = 0;
        for (limb, sum) in weigh(*a, *b).into_iter().enumerate() {
            let sum = sum + carry;
            carry = sum >> 16;
            row[C + limb] = Val::from_u16(sum as u16);
            row[CARRY + limb] = Val::from_u32(carry);
            [sum, carry, carry * 32].into_iter().for_each(|number| asked.number(number as u16));
        }
    })
}
