//! Tables of arithmetic.

use crate::chips::results::RESULTS;
use crate::chips::testing::{Target, not_needed, results_are_true, tables};
use crate::chips::{Event, Table};
use crate::program::isa::Op;

/// Operands that each operation is tried with; narrow ones get their lower halves.
const OPERANDS: [(u64, u64); 9] = [
    (0x8765_4321, 0x1_0023),
    (0xffff_ff00, 7),
    (9, 0xffff_fffe),
    (5, 0),
    (0, 5),
    (0x8000_0000, 0xffff_ffff),
    (1 << 63, u64::MAX),
    (0xc000_0001_0000_0005, u64::MAX),
    (0x8765_4321_0fed_cba9, 0x1111_2222_3333_4444),
];

fn events(ops: &[Op]) -> Vec<Event> {
    let event = |op: Op, (a, b): (u64, u64)| {
        let mask = if op.name().ends_with("32") { u64::from(u32::MAX) } else { u64::MAX };
        Event { op, a: a & mask, b: b & mask }
    };
    ops.iter().flat_map(|op| OPERANDS.map(|operands| event(*op, operands))).collect()
}

/// Attacks a table; `free` are the items that nothing comes of without.
fn check(table: &Table, free: &[&str]) {
    let kind = std::mem::discriminant(table);
    let is = |own: &Table| std::mem::discriminant(own) == kind;
    let (_, ops, _) = RESULTS.iter().find(|(own, ..)| is(own)).expect("a table of arithmetic");
    let found = not_needed(&Target::of(&[tables(&events(ops))], table), results_are_true);
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), free);
}

#[test]
fn sums_need_every_constraint() {
    check(&Table::Sum32, &[]);
    check(&Table::Sum64, &[]);
}

#[test]
fn compares_need_every_constraint() {
    check(&Table::Compare32, &[]);
    check(&Table::Compare64, &[]);
}

#[test]
fn products_need_every_constraint() {
    check(&Table::Mul, &[]);
}

#[test]
fn quotients_need_every_constraint() {
    check(&Table::Div, &[]);
}

#[test]
fn shifts_need_every_constraint() {
    check(&Table::Shift32, &[]);
    check(&Table::Shift64, &[]);
}

#[test]
fn conjunctions_need_every_constraint() {
    check(&Table::Bitwise32, &[]);
    check(&Table::Bitwise64, &[]);
}

#[test]
fn counts_need_every_constraint() {
    check(&Table::Count, &[]);
}

#[test]
fn extensions_need_every_constraint() {
    check(&Table::Extend, &[]);
}
