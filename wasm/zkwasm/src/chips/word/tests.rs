use p3_field::PrimeCharacteristicRing;

use super::{OPS, WIDTH};
use crate::chips::testing::{ACCESS_LIES, Case, complaint, essential, refuses, run_holds};
use crate::chips::{Filled, Table, Val};
use crate::program::isa::Status;

const FIELDS: &str = r#"(memory 1) (data (i32.const 16) "\81\82\83\84\85\86\87\88\91\92\93")
    (data (i32.const 65528) "\f1\f2\f3\f4\f5\f6\f7\f8")"#;

/// Every operation, in both halves of a cell, with carries and at the end of memory.
const BODY: &str = "(local $p i32) (local.set $p (i32.const 0xfff0))
    (call $output (i64.load32_u (i32.const 16)))
    (call $output (i64.load32_u (i32.const 20)))
    (call $output (i64.load (i32.const 16)))
    (i64.store32 (i32.const 16) (i64.const 0x1122334455667788))
    (i64.store32 offset=4 (i32.const 16) (i64.const 0x1122334455667788))
    (i64.store offset=8 (local.get $p) (i64.load (i32.const 16)))
    (call $output (i64.load32_u offset=12 (local.get $p)))
    (call $output (i64.load offset=65528 (i32.const 0)))";

fn tables() -> Vec<Filled> {
    Case::new(FIELDS, BODY).tables()
}

fn words(tables: &[Filled]) -> usize {
    tables.iter().position(|filled| matches!(filled.table, Table::Word)).unwrap()
}

#[test]
fn runs_hold() {
    let case = Case::new(FIELDS, BODY);
    assert_eq!(case.outcome.status, Status::Done);
    let outputs = [0x84838281, 0x88878685, 0x8887868584838281, 0x55667788, 0x5566778855667788];
    assert_eq!(case.outcome.outputs, outputs);
    let tables = tables();
    assert_eq!(complaint(&tables), None);
    assert!(run_holds(&tables));
    // Nothing is left for the other table.
    assert!(!tables.iter().any(|filled| matches!(filled.table, Table::Linear)));
    let cells = &tables[words(&tables)].cells;
    for flag in 0..OPS.len() {
        assert!(cells.row_slices().any(|row| row[flag] == Val::ONE), "{:?}", OPS[flag]);
    }
}

#[test]
fn refuses_a_change_of_any_cell() {
    let mut tables = essential(tables());
    let at = words(&tables);
    let used = |row: &[Val]| row[..OPS.len()].contains(&Val::ONE);
    let rows: Vec<usize> = (0..tables[at].cells.values.len() / WIDTH)
        .filter(|row| used(&tables[at].cells.values[row * WIDTH..][..WIDTH]))
        .collect();
    assert_eq!(rows.len(), 9);
    for row in rows {
        for column in 0..WIDTH {
            for delta in [1, -1, 8, 1 << 8, 1 << 16] {
                let refused = refuses(&mut tables, at, row * WIDTH + column, delta);
                assert!(refused, "row {row} column {column} by {delta}");
            }
        }
    }
}

/// A prover that makes up what memory holds, with all that follows from it.
#[test]
fn refuses_forged_accesses() {
    let accesses = Case::new(FIELDS, BODY).trace.accesses.len();
    assert_eq!(accesses, 9);
    for index in 0..accesses {
        for (number, lie) in ACCESS_LIES.iter().enumerate() {
            let mut forged = Case::new(FIELDS, BODY);
            lie(&mut forged.trace.accesses[index]);
            assert!(!run_holds(&forged.tables()), "access {index}, lie {number}");
        }
    }
}

/// Addresses beyond memory, and between words, cannot be put into this table.
#[test]
fn refuses_other_addresses() {
    for (column, delta) in [
        (super::A, 65536 - 16),
        (super::A + 1, 1),
        (super::IMM, 65536 - 16),
        (super::IMM + 1, 1),
        (super::A, 2),
        (super::HALF, 1),
    ] {
        let mut tables = tables();
        let at = words(&tables);
        tables[at].cells.values[column] += Val::from_u32(delta);
        assert!(!run_holds(&essential(tables)), "column {column} by {delta}");
    }
}
