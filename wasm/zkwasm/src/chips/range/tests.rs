use std::sync::Arc;

use p3_field::PrimeCharacteristicRing;

use super::{Asked, bytes_fixed, generate_bytes, generate_split16, generate_split24, split_width};
use crate::chips::testing::accepted;
use crate::chips::{Cells, Filled, Table, Val};

#[test]
fn provides_only_what_is_counted() {
    for count in [2, 3] {
        let mut asked = Asked::default();
        let (split, mut cells) = if count == 2 {
            [0, 0xffff, 0x1234, 0x1234].into_iter().for_each(|number| asked.number(number));
            (Table::Split16, generate_split16(&mut asked))
        } else {
            [0, 0xff_ffff, 0x12_3456, 0].into_iter().for_each(|number| asked.span(number));
            (Table::Split24, generate_split24(&mut asked))
        };
        let fixed = Table::Bytes(Some(Arc::new(bytes_fixed())));
        let tables = |cells: &Cells, bytes: &Cells| {
            vec![
                Filled::new(split.clone(), cells.clone()),
                Filled::new(fixed.clone(), bytes.clone()),
            ]
        };
        let bytes = generate_bytes(&asked);
        let width = split_width(count);
        // Nobody requests the numbers here, so only zero counts balance.
        for row in 0..3 {
            cells.values[row * width + count] = Val::ZERO;
        }
        assert!(accepted(&tables(&cells, &bytes)));
        for cell in 0..cells.values.len() {
            // An unused row's bytes are free.
            if cell >= 3 * width && cell % width < count {
                continue;
            }
            let mut bad = cells.clone();
            bad.values[cell] += Val::ONE;
            assert!(!accepted(&tables(&bad, &bytes)), "{count} bytes, cell {cell}");
        }
        for cell in 0..bytes.values.len() {
            let mut bad = bytes.clone();
            bad.values[cell] += Val::ONE;
            assert!(!accepted(&tables(&cells, &bad)), "{count} bytes, byte {cell}");
        }
    }
}
