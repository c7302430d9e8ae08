//! Results of the operations that only compute.

use crate::program::isa::{Op, Status};

/// The value that an operation without side effects gives; `old` is the destination's value.
#[inline]
pub fn compute(op: Op, a: u64, b: u64, old: u64) -> Result<u64, Status> {
    let (a32, b32) = (a as u32, b as u32);
    let (s32, t32) = (a as i32, b as i32);
    let (s64, t64) = (a as i64, b as i64);
    let unsigned = |value: i32| u64::from(value as u32);
    Ok(match op {
        Op::Copy => b,
        Op::Add32 => u64::from(a32.wrapping_add(b32)),
        Op::Add64 => a.wrapping_add(b),
        Op::Sub32 => u64::from(a32.wrapping_sub(b32)),
        Op::Sub64 => a.wrapping_sub(b),
        Op::Eq => u64::from(a == b),
        Op::Ne => u64::from(a != b),
        Op::LtU => u64::from(a < b),
        Op::GeU => u64::from(a >= b),
        Op::LtS32 => u64::from(s32 < t32),
        Op::GeS32 => u64::from(s32 >= t32),
        Op::LtS64 => u64::from(s64 < t64),
        Op::GeS64 => u64::from(s64 >= t64),
        Op::SelNz => {
            if a != 0 {
                b
            } else {
                old
            }
        }
        Op::SelZ => {
            if a == 0 {
                b
            } else {
                old
            }
        }
        Op::Mul32 => u64::from(a32.wrapping_mul(b32)),
        Op::Mul64 => a.wrapping_mul(b),
        Op::DivU => a.checked_div(b).ok_or(Status::DivisionByZero)?,
        Op::RemU => a.checked_rem(b).ok_or(Status::DivisionByZero)?,
        Op::DivS32 | Op::DivS64 | Op::RemS32 | Op::RemS64 if b == 0 => {
            return Err(Status::DivisionByZero);
        }
        Op::DivS32 => unsigned(s32.checked_div(t32).ok_or(Status::IntegerOverflow)?),
        Op::DivS64 => s64.checked_div(t64).ok_or(Status::IntegerOverflow)? as u64,
        Op::RemS32 => unsigned(s32.wrapping_rem(t32)),
        Op::RemS64 => s64.wrapping_rem(t64) as u64,
        Op::Shl32 => u64::from(a32.wrapping_shl(b32)),
        Op::Shl64 => a.wrapping_shl(b32),
        Op::ShrU32 => u64::from(a32.wrapping_shr(b32)),
        Op::ShrU64 => a.wrapping_shr(b32),
        Op::ShrS32 => unsigned(s32.wrapping_shr(b32)),
        Op::ShrS64 => s64.wrapping_shr(b32) as u64,
        Op::Rotl32 => u64::from(a32.rotate_left(b32 % 32)),
        Op::Rotl64 => a.rotate_left(b32 % 64),
        Op::Rotr32 => u64::from(a32.rotate_right(b32 % 32)),
        Op::Rotr64 => a.rotate_right(b32 % 64),
        Op::And => a & b,
        Op::Or => a | b,
        Op::Xor => a ^ b,
        Op::Clz32 => u64::from(a32.leading_zeros()),
        Op::Clz64 => u64::from(a.leading_zeros()),
        Op::Ctz32 => u64::from(a32.trailing_zeros()),
        Op::Ctz64 => u64::from(a.trailing_zeros()),
        Op::Popcnt => u64::from(a.count_ones()),
        Op::Wrap => u64::from(a32),
        Op::Ext8S32 => unsigned(i32::from(a as i8)),
        Op::Ext16S32 => unsigned(i32::from(a as i16)),
        Op::Ext8S64 => i64::from(a as i8) as u64,
        Op::Ext16S64 => i64::from(a as i16) as u64,
        Op::Ext32S64 => i64::from(s32) as u64,
        _ => unreachable!("{op:?} does more than compute"),
    })
}

/// Bytes that a load or store moves.
pub fn width(op: Op) -> usize {
    match op {
        Op::Load8U | Op::Load8S32 | Op::Load8S64 | Op::Store8 => 1,
        Op::Load16U | Op::Load16S32 | Op::Load16S64 | Op::Store16 => 2,
        Op::Load32U | Op::Load32S64 | Op::Store32 => 4,
        _ => 8,
    }
}

/// What a load makes of the bytes it read.
pub fn extend(op: Op, value: u64) -> u64 {
    match op {
        Op::Load8S32 => u64::from(i32::from(value as i8) as u32),
        Op::Load16S32 => u64::from(i32::from(value as i16) as u32),
        Op::Load8S64 => i64::from(value as i8) as u64,
        Op::Load16S64 => i64::from(value as i16) as u64,
        Op::Load32S64 => i64::from(value as i32) as u64,
        _ => value,
    }
}
