use super::{OPS32, OPS64, columns, generate};
use crate::chips::testing::{EDGES, accepted, events, mutate, mutate_pairs, tables};
use crate::chips::{Asked, Event, Table};
use crate::program::isa::Op;

/// Signs and equality both ways, for each operation.
fn few(ops: &[Op], pairs: &[(u64, u64)]) -> Vec<Event> {
    let both = |op: Op| pairs.iter().map(move |(a, b)| Event { op, a: *a, b: *b });
    ops.iter().flat_map(|op| both(*op)).collect()
}

#[test]
fn agrees_with_the_executor() {
    assert!(accepted(&tables(&events(&[OPS32, OPS64].concat(), &EDGES))));
}

/// Cells that a row leaves free: the signs matter to signed compares only, the inverse to equality
/// of different numbers only.
fn is_free(Event { op, a, b }: &Event, limbs: usize, column: usize) -> bool {
    let signed = matches!(op, Op::LtS32 | Op::GeS32 | Op::LtS64 | Op::GeS64);
    let at = columns(limbs);
    if column == at.inverse {
        return !matches!(op, Op::Eq | Op::Ne) || a == b;
    }
    (at.sign_a..at.inverse).contains(&column) && !signed
}

#[test]
fn proves_nothing_false() {
    let pairs = [(5, 0x8000_0007), (0xffff_fff0, 3), (9, 9)];
    let (narrow, wide) = (few(&OPS32, &pairs), few(&OPS64, &pairs));
    let mut asked = Asked::default();
    let cells = generate::<2>(&narrow, &mut asked);
    mutate(&Table::Compare32, &cells, &narrow, |event, column| is_free(event, 2, column));
    let cells = generate::<4>(&wide, &mut asked);
    mutate(&Table::Compare64, &cells, &wide, |event, column| is_free(event, 4, column));
    let (narrow, wide) = (few(&OPS32, &pairs[..1]), few(&OPS64, &pairs[..1]));
    mutate_pairs(&Table::Compare32, &generate::<2>(&narrow, &mut asked), &narrow);
    mutate_pairs(&Table::Compare64, &generate::<4>(&wide, &mut asked), &wide);
}
