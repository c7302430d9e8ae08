use p3_air::{AirBuilder, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};

use super::BYTES_FIXED_WIDTH;
use crate::buses;
use crate::chips::{Cells, Val};

/// Every byte once.
pub fn bytes_fixed() -> Cells {
    let row = |byte: u8| {
        let (low, high) = (byte & 15, byte >> 4);
        [byte, byte.count_ones() as u8, low, high, low & high].map(Val::from_u8)
    };
    Cells::new((0..=u8::MAX).flat_map(row).collect(), BYTES_FIXED_WIDTH)
}

/// Provides each byte, and what is known of it.
pub fn eval_bytes<AB: AirBuilder + InteractionBuilder>(builder: &mut AB) {
    let main = builder.main();
    let fixed = builder.preprocessed().current_slice().to_vec();
    let tuples = [(buses::RANGE8, 0..1), (buses::ONES, 0..2), (buses::AND4, 2..5)];
    for ((bus, tuple), count) in tuples.into_iter().zip(main.current_slice()) {
        let count = Count::provided(-(*count).into());
        builder.push_interaction(bus, fixed[tuple].iter().copied(), count);
    }
}

/// Provides on a bus the numbers whose bytes were looked up.
pub fn eval_split<AB: AirBuilder + InteractionBuilder>(builder: &mut AB, bytes: usize, bus: &str) {
    let main = builder.main();
    let row = main.current_slice();
    let (count, used) = (row[bytes], row[bytes + 1]);
    builder.assert_bool(used);
    // An unused row provides nothing.
    builder.assert_zero(count.into() * (AB::Expr::ONE - used.into()));
    for byte in &row[..bytes] {
        builder.push_interaction(buses::RANGE8, [*byte], Count::bounded(used.into(), 1));
    }
    let place = |at: usize| row[at].into() * AB::Expr::from_u32(1 << (8 * at));
    let number: AB::Expr = (0..bytes).map(place).sum();
    builder.push_interaction(bus, [number], Count::provided(-count.into()));
}
