use p3_field::PrimeCharacteristicRing;

use super::{DIFFERENCE, OLD, OPS, PRIOR, TRAP, WIDTH};
use crate::chips::testing::{Case, complaint, essential, refuses, run_holds};
use crate::chips::{Table, Val};
use crate::program::isa::{Op, Status};

const FIELDS: &str = r#"(memory 1) (global $g (mut i64) (i64.const 0x1_0002_0003)) (global $h (mut i32) (i32.const 4))
    (table $t 5 funcref) (table $u 3 funcref) (elem (table $t) (i32.const 1) func $double $deep)
    (elem $e func $double $double) (data $d "passive") (type $f (func (param i64) (result i64)))"#;

const BODY: &str = "
    (global.set $g (i64.add (global.get $g) (i64.const 1)))
    (call $output (global.get $g))
    (call $output (call_indirect $t (type $f) (i64.const 8) (i32.const 1)))
    (table.copy $u $t (i32.const 0) (i32.const 1) (i32.const 2))
    (table.init $t $e (i32.const 3) (i32.const 0) (i32.const 2))
    (elem.drop $e)
    (memory.init $d (i32.const 3) (i32.const 1) (i32.const 5))
    (data.drop $d)
    (call $output (i64.load (i32.const 2)))
    (global.set $h (i32.const 0))";

#[test]
fn runs_hold() {
    for (body, status) in [
        (BODY, Status::Done),
        (
            "(drop (call_indirect $t (type $f) (i64.const 8) (i32.const 5)))",
            Status::UndefinedElement,
        ),
        (
            "(drop (call_indirect $t (type $f) (i64.const 8) (i32.const -1)))",
            Status::UndefinedElement,
        ),
        ("(drop (call_indirect $t (type $f) (i64.const 8) (i32.const 4)))", Status::NullElement),
        (
            "(drop (call_indirect $t (type $f) (i64.const 8) (i32.const 2)))",
            Status::SignatureMismatch,
        ),
        ("(table.copy $u $t (i32.const 0) (i32.const 1) (i32.const 4))", Status::TableOutOfBounds),
    ] {
        let case = Case::new(FIELDS, body);
        assert_eq!(case.outcome.status, status, "{body}");
        let tables = case.tables();
        assert_eq!(complaint(&tables), None, "{body}");
        assert!(run_holds(&tables), "{body}");
    }
}

/// Cells that a row leaves free: the comparison of what is no table, a global's operand, and the
/// access of a trap, whose value nobody sees.
fn is_free(row: &[Val], column: usize) -> bool {
    let on = |op: Op| row[OPS.iter().position(|known| *known == op).unwrap()] == Val::ONE;
    let table = on(Op::TableLoad) || on(Op::TableStore);
    let trap = row[TRAP] == Val::ONE;
    match column {
        DIFFERENCE..OLD => !table,
        OLD..PRIOR => trap && on(Op::TableStore),
        PRIOR.. => trap,
        _ => false,
    }
}

#[test]
fn refuses_a_change_of_any_cell() {
    let trap = "(drop (call_indirect $t (type $f) (i64.const 8) (i32.const 5)))";
    for body in [BODY, trap] {
        let mut tables = essential(Case::new(FIELDS, body).tables());
        let at = tables.iter().position(|filled| matches!(filled.table, Table::Cell)).unwrap();
        let mut seen = [0; OPS.len()];
        for row in 0..tables[at].cells.values.len() / WIDTH {
            let good = tables[at].cells.values[row * WIDTH..][..WIDTH].to_vec();
            let flag = good[..OPS.len()].iter().position(|flag| *flag == Val::ONE);
            // A few rows of each operation.
            let Some(flag) = flag.filter(|flag| seen[*flag] < 2) else { continue };
            seen[flag] += 1;
            for column in (0..WIDTH).filter(|column| !is_free(&good, *column)) {
                for delta in [1, -1, 1 << 16] {
                    let cell = row * WIDTH + column;
                    let what = (OPS[flag], column);
                    assert!(refuses(&mut tables, at, cell, delta), "row {row} {what:?} by {delta}");
                }
            }
        }
    }
}

#[test]
fn refuses_forged_values() {
    let honest = Case::new(FIELDS, BODY);
    for index in 0..honest.trace.accesses.len() {
        let mut forged = Case::new(FIELDS, BODY);
        let access = &mut forged.trace.accesses[index];
        (access.old, access.new) = (access.old + 1, access.new + 1);
        assert!(!run_holds(&forged.tables()), "access {index}");
    }
}
