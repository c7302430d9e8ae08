use super::columns::{INVERSE, SIGN_A};
use super::{OPS, generate};
use crate::chips::testing::{EDGES, accepted, events, mutate, mutate_pairs, tables};
use crate::chips::{Asked, Event, Table};
use crate::program::isa::Op;

/// Signs and equality both ways, for each operation.
fn few(pairs: &[(u64, u64)]) -> Vec<Event> {
    let both = |op: Op| pairs.iter().map(move |(a, b)| Event { op, a: *a, b: *b });
    OPS.into_iter().flat_map(both).collect()
}

#[test]
fn agrees_with_the_executor() {
    let events = events(&OPS, &EDGES);
    assert!(accepted(&tables(&events)));
}

/// Cells that a row leaves free: the signs matter to signed compares only, the inverse to equality
/// of different numbers only.
fn is_free(Event { op, a, b }: &Event, column: usize) -> bool {
    let signed = matches!(op, Op::LtS32 | Op::GeS32 | Op::LtS64 | Op::GeS64);
    match column {
        SIGN_A..INVERSE => !signed,
        INVERSE => !matches!(op, Op::Eq | Op::Ne) || a == b,
        _ => false,
    }
}

#[test]
fn proves_nothing_false() {
    let events = few(&[(5, 0x8000_0007), (0xffff_fff0, 3), (9, 9)]);
    mutate(&Table::Alu, &generate(&events, &mut Asked::default()), &events, is_free);
    let events = few(&[(5, 0x8000_0007)]);
    mutate_pairs(&Table::Alu, &generate(&events, &mut Asked::default()), &events);
}
