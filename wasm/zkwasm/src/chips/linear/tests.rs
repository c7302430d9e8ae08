use p3_field::PrimeCharacteristicRing;

use super::{CROSS, NEW, OLD, OPS, PRIOR, TRAP, WIDTH};
use crate::chips::testing::{ACCESS_LIES, Case, complaint, essential, refuses, run_holds};
use crate::chips::{Table, Val};
use crate::program::isa::{Chip, Op, Status};

const FIELDS: &str = r#"(memory 1) (data (i32.const 16) "\81\82\83\84\85\86\87\88\91\92\93")
    (data (i32.const 65528) "\f1\f2\f3\f4\f5\f6\f7\f8")"#;

/// Every operation, within a cell and across two.
fn all() -> String {
    let mut body = String::new();
    for at in [17, 21, 4000, 4004] {
        for load in ["load8_u", "load16_u", "load8_s", "load16_s", "load"] {
            body += &format!("(drop (i32.{load} (i32.const {at})))");
        }
        for load in ["load8_s", "load16_s", "load32_s", "load32_u", "load"] {
            body += &format!("(drop (i64.{load} offset=3 (local.get $p)))");
        }
        for store in ["store8", "store16", "store32", "store"] {
            body += &format!("(i64.{store} (i32.const {at}) (i64.const 0x1122334455667788))");
        }
        body += &format!("(local.set $p (i32.const {at}))");
    }
    format!("(local $p i32) {body} (call $output (i64.load (i32.const 4002)))")
}

fn entry(body: &str) -> Case {
    Case::new(FIELDS, body)
}

#[test]
fn runs_hold() {
    for body in [
        &all(),
        "(drop (i64.load (i32.const 65528)))",
        "(i32.store8 offset=65535 (i32.const 0) (i32.const 1))",
    ] {
        let case = entry(body);
        assert_eq!(case.outcome.status, Status::Done);
        let tables = case.tables();
        assert_eq!(complaint(&tables), None, "{body}");
        assert!(run_holds(&tables), "{body}");
    }
}

#[test]
fn accesses_out_of_bounds_end_the_run() {
    for body in [
        "(drop (i64.load (i32.const 65529)))",
        "(drop (i32.load8_u (i32.const 65536)))",
        "(i32.store16 (i32.const 65535) (i32.const -1))",
        "(i64.store offset=4294967295 (i32.const 8) (i64.const -1))",
        "(drop (i32.load offset=4294967295 (i32.const 4294967295)))",
        "(drop (i32.load16_s (i32.const 4294967295)))",
        "(drop (i64.load offset=4294967295 (i32.const 4294967289)))",
    ] {
        let case = entry(body);
        assert_eq!(case.outcome.status, Status::MemoryOutOfBounds);
        let tables = case.tables();
        assert_eq!(complaint(&tables), None, "{body}");
        assert!(run_holds(&tables), "{body}");
    }
    // No pages at all, and the very end of the addresses.
    let case = Case::new("(memory 0)", "(drop (i64.load (i32.const -1)))");
    assert_eq!(complaint(&case.tables()), None);
}

/// Cells that a row leaves free: those of an access that is not made.
fn is_free(row: &[Val], column: usize) -> bool {
    let (cross, trap) = (row[CROSS] == Val::ONE, row[TRAP] == Val::ONE);
    match column {
        OLD..NEW => trap,
        PRIOR.. => trap || column > PRIOR && !cross,
        _ => false,
    }
}

#[test]
fn refuses_a_change_of_any_cell() {
    for body in [
        "(local $p i32) (local.set $p (i32.const 21))
        (i32.store16 (local.get $p) (i32.load16_s (local.get $p)))
        (i64.store (local.get $p) (i64.load32_s (local.get $p)))",
        "(i32.store16 (i32.const 65535) (i32.const -1))",
    ] {
        let mut tables = essential(entry(body).tables());
        assert!(run_holds(&tables));
        let at = tables.iter().position(|filled| matches!(filled.table, Table::Linear)).unwrap();
        // Rows that are used, and none of the padding, whose bytes nobody sees.
        let rows: Vec<usize> = (0..tables[at].cells.values.len() / WIDTH)
            .filter(|row| tables[at].cells.values[row * WIDTH..][..OPS.len()].contains(&Val::ONE))
            .collect();
        assert!(!rows.is_empty());
        for row in rows {
            for column in 0..WIDTH {
                if is_free(&tables[at].cells.values[row * WIDTH..][..WIDTH], column) {
                    continue;
                }
                for delta in [1, -1, 8, 1 << 8, 1 << 16] {
                    let cell = row * WIDTH + column;
                    let refused = refuses(&mut tables, at, cell, delta);
                    assert!(refused, "{body} row {row} column {column} by {delta}");
                }
            }
        }
    }
}

/// A prover that makes up what memory holds, with all that follows from it.
#[test]
fn refuses_forged_accesses() {
    let honest = entry(&all());
    for (index, row) in honest.trace.rows.iter().enumerate() {
        let op = honest.program.code[row.pc as usize].op;
        if !matches!(op.chip(), Chip::Load | Chip::Store) || index % 3 != 0 {
            continue;
        }
        for (number, lie) in ACCESS_LIES.iter().enumerate() {
            let mut forged = entry(&all());
            lie(&mut forged.trace.accesses[row.first_access as usize]);
            assert!(!run_holds(&forged.tables()), "{op:?} in row {index}, lie {number}");
        }
    }
    // A trap that does not happen, and one that is passed over.
    let mut forged = entry("(drop (i64.load (i32.const 65528)))");
    let load = forged.rows(Op::Load64).next().unwrap();
    forged.trace.rows[load].access_count = 0;
    forged.trace.rows.truncate(load + 1);
    forged.trace.status = Some(Status::MemoryOutOfBounds);
    forged.outcome.status = Status::MemoryOutOfBounds;
    assert!(!run_holds(&forged.tables()));
}
