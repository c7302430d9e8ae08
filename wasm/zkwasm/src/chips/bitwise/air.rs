use p3_air::{AirBuilder, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};

use super::{OPS, nibbles};
use crate::buses;
use crate::chips::results;
use crate::program::isa::Op;

/// Constraints and interactions of a row, for operands of so many limbs.
pub fn eval<AB: AirBuilder + InteractionBuilder>(builder: &mut AB, limbs: usize) {
    let main = builder.main();
    let row = main.current_slice();
    let any = |ops: &[Op]| results::any::<AB>(row, &OPS, ops);
    let real = results::one_operation(builder, &OPS);

    let first = nibbles(limbs);
    for nibble in 0..4 * limbs {
        let tuple = first.map(|first| row[first + nibble]);
        builder.push_interaction(buses::AND4, tuple, Count::bounded(real.clone(), 1));
    }
    let value = |first: usize| -> [AB::Expr; 4] {
        std::array::from_fn(|limb| {
            let nibbles = if limb < limbs { 0..4 } else { 0..0 };
            let place =
                |i: usize| row[first + 4 * limb + i].into() * AB::Expr::from_u32(1 << (4 * i));
            nibbles.map(place).sum()
        })
    };
    let [x, y, both] = first.map(value);
    let result = std::array::from_fn(|i| {
        let sum = x[i].clone() + y[i].clone() - both[i].clone();
        any(&[Op::And]) * both[i].clone()
            + any(&[Op::Or]) * sum.clone()
            + any(&[Op::Xor]) * (sum - both[i].clone())
    });
    results::provide(builder, &OPS, [x, y], result, AB::Expr::ZERO);
}
