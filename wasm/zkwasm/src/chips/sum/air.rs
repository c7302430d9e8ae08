use p3_air::{AirBuilder, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};

use super::{columns, ops};
use crate::buses;
use crate::chips::results;

/// Constraints and interactions of a row, for operands of so many limbs.
pub fn eval<AB: AirBuilder + InteractionBuilder>(builder: &mut AB, limbs: usize) {
    let main = builder.main();
    let row = main.current_slice();
    let cell = |column: usize| -> AB::Expr { row[column].into() };
    let real = results::one_operation(builder, ops(limbs));
    let [add, subtract]: [AB::Expr; 2] = std::array::from_fn(cell);
    let [a, b, x, carry] = columns(limbs);

    // a + b = x, or b + x = a, limb by limb.
    for limb in 0..limbs {
        builder.assert_bool(row[carry + limb]);
        let carry_in = if limb == 0 { AB::Expr::ZERO } else { cell(carry + limb - 1) };
        let carry_out = cell(carry + limb) * AB::Expr::from_u32(1 << 16);
        let shared = cell(b + limb) + carry_in - carry_out;
        let difference = cell(a + limb) - cell(x + limb);
        builder.assert_zero(add.clone() * (shared.clone() + difference.clone()));
        builder.assert_zero(subtract.clone() * (shared - difference));
        builder.push_interaction(buses::RANGE16, [row[x + limb]], Count::bounded(real.clone(), 1));
    }
    let [a, b, x] = [a, b, x].map(|first| results::padded::<AB>(row, first, limbs));
    results::provide(builder, ops(limbs), [a, b], x, AB::Expr::ZERO);
}
