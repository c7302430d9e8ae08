use p3_field::PrimeCharacteristicRing;

use super::{DIFFERENCE, LARGE, REAL, WIDTH};
use crate::chips::testing::{Case, complaint, essential, refuses, run_holds};
use crate::chips::{Table, Val};
use crate::program::isa::Op;

const FIELDS: &str = "(memory 1 4)";
const BODY: &str = "
    (drop (memory.grow (i32.const 0)))
    (drop (memory.grow (i32.const 4)))
    (drop (memory.grow (i32.const 2)))
    (drop (memory.grow (i32.const 0x10001)))
    (drop (memory.grow (i32.const -1)))
    (drop (memory.grow (i32.const 1)))
    (i32.store (i32.const 0x3fffc) (memory.grow (i32.const 1)))
    (call $output (i64.extend_i32_u (memory.size)))";

#[test]
fn runs_hold() {
    let case = Case::new(FIELDS, BODY);
    assert_eq!(case.outcome.outputs, [4]);
    let tables = case.tables();
    assert_eq!(complaint(&tables), None);
    assert!(run_holds(&tables));
}

#[test]
fn refuses_a_change_of_any_cell() {
    let mut tables = essential(Case::new(FIELDS, BODY).tables());
    let at = tables.iter().position(|filled| matches!(filled.table, Table::Grow)).unwrap();
    for cell in 0..tables[at].cells.values.len() {
        let (row, column) = (cell / WIDTH * WIDTH, cell % WIDTH);
        let is = |flag: usize| tables[at].cells.values[row + flag] == Val::ONE;
        // A large operand is not compared; padding says nothing.
        if column >= DIFFERENCE && (is(LARGE) || !is(REAL)) || !is(REAL) && column > LARGE {
            continue;
        }
        for delta in [1, -1, 1 << 16] {
            assert!(refuses(&mut tables, at, cell, delta), "cell {cell} by {delta}");
        }
    }
}

/// Growth beyond the maximum, and growth that is withheld.
#[test]
fn refuses_another_outcome() {
    for (nth, forged_result) in [(1, 1), (2, u64::from(u32::MAX)), (4, 3)] {
        let mut forged = Case::new(FIELDS, BODY);
        let index = forged.rows(Op::MemoryGrow).nth(nth).unwrap();
        assert_ne!(forged.trace.rows[index].new, forged_result);
        forged.trace.rows[index].new = forged_result;
        assert!(!run_holds(&forged.tables()), "{nth}");
    }
}
