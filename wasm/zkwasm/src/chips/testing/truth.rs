//! What the tables can provide that do not follow a run.

use p3_field::{PrimeCharacteristicRing, PrimeField32};

use super::results::result;
use crate::buses::{AND4, ONES, RANGE8, RANGE16, RANGE24};
use crate::check::complaint;
use crate::chips::results::RESULTS;
use crate::chips::{Event, Filled, Val, put};
use crate::program::isa::Op;

/// Whether all constraints hold and every bus is balanced.
pub fn accepted(tables: &[Filled]) -> bool {
    complaint(tables).is_none()
}

/// The result and the status that belong to the operation and operands of a tuple of the arithmetic
/// bus; `None` where nobody can request it.
pub fn true_result(tuple: &[Val]) -> Option<Vec<Val>> {
    let numbers: Vec<u64> = tuple.iter().map(|cell| u64::from(cell.as_canonical_u32())).collect();
    if numbers[1..9].iter().any(|limb| *limb >= 1 << 16) {
        return None;
    }
    let op = Op::ALL.get(numbers[0] as usize)?;
    if !RESULTS.iter().any(|(_, ops, _)| ops.contains(op)) {
        return None;
    }
    let value = |at: usize| -> u64 { (0..4).map(|i| numbers[at + i] << (16 * i)).sum() };
    // A divisor of 32 bits has no more.
    if matches!(op, Op::DivS32 | Op::RemS32) && value(5) > u64::from(u32::MAX) {
        return None;
    }
    let (value, status) = result(&Event { op: *op, a: value(1), b: value(5) });
    let mut right = vec![Val::ZERO; 5];
    put(&mut right, value);
    right[4] = Val::from_u64(status);
    Some(right)
}

/// Whether a tuple of the bus is true; `None` where nobody can request it.
pub fn is_true(tuple: &[Val]) -> Option<bool> {
    true_result(tuple).map(|right| tuple[9..] == right)
}

/// Whether the tables of ranges can provide a tuple.
pub fn is_fixed(bus: &str, tuple: &[Val]) -> bool {
    let tuple: Vec<u32> = tuple.iter().map(|cell| cell.as_canonical_u32()).collect();
    match (bus, &tuple[..]) {
        (RANGE24, [x]) => *x < 1 << 24,
        (RANGE16, [x]) => *x < 1 << 16,
        (RANGE8, [x]) => *x < 1 << 8,
        (ONES, [x, ones]) => *x < 1 << 8 && x.count_ones() == *ones,
        (AND4, [x, y, both]) => *x < 16 && *y < 16 && x & y == *both,
        _ => unreachable!("{bus} {tuple:?}"),
    }
}
