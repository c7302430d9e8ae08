use p3_field::{Field, PrimeCharacteristicRing};

use super::{
    A, B, C, CARRY, INVERSE, NEGATIVE, OPS, OVERFLOW, POSITIVE, Q, R, SIGN_A, SIGN_B, WIDTH, X, Y,
    ZERO,
};
use crate::chips::mul::weigh;
use crate::chips::results::set_flag;
use crate::chips::{Asked, Cells, Event, Val, fill, limbs, put};
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
    let narrow = matches!(op, Op::DivS32 | Op::RemS32);
    let signed = !matches!(op, Op::DivU | Op::RemU);
    let is_quotient = matches!(op, Op::DivU | Op::DivS32 | Op::DivS64);
    let subtraction = if narrow { Op::Sub32 } else { Op::Sub64 };
    let negate = |value: u64| match narrow {
        true => u64::from((value as u32).wrapping_neg()),
        false => value.wrapping_neg(),
    };
    let top = |value: u64| limbs(value)[if narrow { 1 } else { 3 }];
    let mut magnitude = |value: u64, column: usize| {
        if !signed {
            return (value, false);
        }
        let sign = top(value) >> 15 == 1;
        asked.number(top(value) << 1);
        row[column] = Val::from_bool(sign);
        if sign {
            asked.result(subtraction, 0, value);
        }
        (if sign { negate(value) } else { value }, sign)
    };
    let (x, sign_a) = magnitude(a, SIGN_A);
    let (y, sign_b) = magnitude(b, SIGN_B);
    let q = x.checked_div(y).unwrap_or(0);
    let r = x - q * y;
    put(&mut row[X..], x);
    put(&mut row[R..], r);
    for (bytes, value) in [(Y, y), (Q, q)] {
        for (byte, cell) in value.to_le_bytes().into_iter().zip(&mut row[bytes..]) {
            *cell = Val::from_u8(byte);
            asked.byte(byte);
        }
    }
    let mut carry = 0;
    for (limb, sum) in weigh(q, y).into_iter().enumerate() {
        let rest = limbs(r)[limb];
        asked.number(rest);
        carry = (sum + u32::from(rest) + carry) >> 16;
        if limb < 3 {
            row[CARRY + limb] = Val::from_u32(carry);
            asked.number(carry as u16);
            asked.number((carry * 32) as u16);
        }
    }
    row[ZERO] = Val::from_bool(b == 0);
    let sum: u32 = limbs(b).iter().map(|limb| u32::from(*limb)).sum();
    row[INVERSE] = Val::from_u32(sum).try_inverse().unwrap_or_default();
    if b != 0 {
        asked.result(Op::LtU, r, y);
    }
    let negative = if is_quotient { sign_a != sign_b } else { sign_a };
    let value = if is_quotient { q } else { r };
    row[NEGATIVE] = Val::from_bool(negative);
    put(&mut row[C..], if negative { negate(value) } else { value });
    if negative {
        asked.result(subtraction, 0, value);
    }
    if signed && is_quotient && !negative {
        row[POSITIVE] = Val::ONE;
        row[OVERFLOW] = Val::from_u16(top(q) >> 15);
        asked.number(top(q) << 1);
    }
}
