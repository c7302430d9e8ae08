use p3_air::BaseAir;
use p3_field::PrimeCharacteristicRing;

use super::{REAL, TIME, ZEROS_WIDTH};
use crate::chips::testing::{Case, accepted, complaint};
use crate::chips::{Filled, Table, Val};

const FIELDS: &str = r#"(memory 300) (data (i32.const 80) "abcdefghijk")
    (data (i32.const 1000) "\01") (data (i32.const 1304) "\02")"#;

/// Cells of the image, beside it, between its parts, and far apart.
const BODY: &str = "
    (i64.store (i32.const 80) (i64.load (i32.const 64)))
    (i64.store (i32.const 104) (i64.const 5))
    (i32.store8 (i32.const 1001) (i32.const 7))
    (i64.store (i32.const 0x120_0000) (i64.load (i32.const 1400)))";

fn zeros(tables: &[Filled]) -> usize {
    tables.iter().position(|filled| matches!(filled.table, Table::Zeros)).unwrap()
}

#[test]
fn runs_hold() {
    for body in [BODY, "(i64.store (i32.const 1304) (i64.const 9))"] {
        assert_eq!(complaint(&Case::new(FIELDS, body).tables()), None, "{body}");
    }
}

#[test]
fn refuses_a_change_of_any_cell() {
    let tables = Case::new(FIELDS, BODY).tables();
    let at = zeros(&tables);
    for cell in 0..tables[at].cells.values.len() {
        let row = &tables[at].cells.values[cell / ZEROS_WIDTH * ZEROS_WIDTH..][..ZEROS_WIDTH];
        if row[REAL] == Val::ZERO && cell % ZEROS_WIDTH != REAL {
            continue;
        }
        let mut bad = tables.clone();
        bad[at].cells.values[cell] += Val::ONE;
        assert!(!accepted(&bad), "cell {cell}");
    }
    for (at, filled) in tables.iter().enumerate() {
        if !matches!(filled.table, Table::Image(_) | Table::Slots | Table::Gaps(_)) {
            continue;
        }
        for cell in 0..filled.cells.values.len() {
            // What is left in padding has no effect.
            let image = matches!(filled.table, Table::Image(_));
            let fixed = filled.table.preprocessed_trace().map_or(vec![], |fixed| fixed.values);
            if image && fixed[cell / filled.cells.width * 7 + 6] == Val::ZERO {
                continue;
            }
            // A gap without cells that is never meant.
            if matches!(filled.table, Table::Gaps(_)) && fixed[cell * 2 + 1] == Val::ZERO {
                continue;
            }
            let mut bad = tables.clone();
            bad[at].cells.values[cell] += Val::ONE;
            assert!(!accepted(&bad), "{at} cell {cell}");
        }
    }
}

/// A cell that is given twice: by a second row, and beside the image.
#[test]
fn refuses_cells_that_are_given_twice() {
    let tables = Case::new(FIELDS, BODY).tables();
    let at = zeros(&tables);
    let rows: Vec<usize> = (0..16)
        .filter(|row| tables[at].cells.values[row * ZEROS_WIDTH + REAL] == Val::ONE)
        .collect();
    // The second row repeats the first, as if nobody had touched the cell.
    let mut bad = tables.clone();
    let copy = bad[at].cells.values[..ZEROS_WIDTH].to_vec();
    bad[at].cells.values[ZEROS_WIDTH..2 * ZEROS_WIDTH].copy_from_slice(&copy);
    for column in TIME..TIME + 5 {
        bad[at].cells.values[ZEROS_WIDTH + column] = Val::ZERO;
    }
    assert!(rows.len() > 2 && !accepted(&bad));
}
