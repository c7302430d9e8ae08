use p3_air::{AirBuilder, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};

use super::{A, B, C, CARRY, OPS, X, Y};
use crate::buses;
use crate::chips::results;
use crate::program::isa::Op;

/// Looks up eight bytes; gives the four limbs that they make.
pub fn split_bytes<AB: AirBuilder + InteractionBuilder>(
    builder: &mut AB,
    bytes: usize,
    real: &AB::Expr,
) -> [AB::Expr; 4] {
    let main = builder.main();
    let bytes = &main.current_slice()[bytes..bytes + 8];
    for byte in bytes {
        builder.push_interaction(buses::RANGE8, [*byte], Count::bounded(real.clone(), 1));
    }
    std::array::from_fn(|limb| {
        bytes[2 * limb + 1].into() * AB::Expr::from_u32(1 << 8) + bytes[2 * limb].into()
    })
}

/// Looks up carries, which are below 2^11; gives what each takes from its limb and adds to the next.
/// Those beyond `count` are 0.
pub fn carries<AB: AirBuilder + InteractionBuilder>(
    builder: &mut AB,
    carry: usize,
    count: usize,
    real: &AB::Expr,
) -> [AB::Expr; 4] {
    let main = builder.main();
    let row = main.current_slice();
    for carry in &row[carry..carry + count] {
        for factor in [1, 32] {
            let number = (*carry).into() * AB::Expr::from_u32(factor);
            builder.push_interaction(buses::RANGE16, [number], Count::bounded(real.clone(), 1));
        }
    }
    std::array::from_fn(|limb| {
        let at = |limb: usize| -> AB::Expr {
            if limb < count { row[carry + limb].into() } else { AB::Expr::ZERO }
        };
        let last = if limb == 0 { AB::Expr::ZERO } else { at(limb - 1) };
        last - at(limb) * AB::Expr::from_u32(1 << 16)
    })
}

pub fn eval<AB: AirBuilder + InteractionBuilder>(builder: &mut AB) {
    let main = builder.main();
    let row = main.current_slice();
    let cell = |column: usize| -> AB::Expr { row[column].into() };
    let real = results::one_operation(builder, &OPS);

    for (limbs, bytes) in [(A, X), (B, Y)] {
        for (limb, value) in split_bytes(builder, bytes, &real).into_iter().enumerate() {
            builder.assert_eq(row[limbs + limb], value);
        }
    }
    let carry = carries(builder, CARRY, 4, &real);
    for (limb, carry) in carry.into_iter().enumerate() {
        let product = |weight: usize| -> AB::Expr {
            (0..=weight)
                .filter(|i| *i < 8 && weight - i < 8)
                .map(|i| cell(X + i) * cell(Y + weight - i))
                .sum()
        };
        let sum = product(2 * limb) + product(2 * limb + 1) * AB::Expr::from_u32(1 << 8);
        builder.assert_eq(sum + carry, row[C + limb]);
        builder.push_interaction(buses::RANGE16, [row[C + limb]], Count::bounded(real.clone(), 1));
    }
    let wide = results::any::<AB>(row, &OPS, &[Op::Mul64]);
    let result = [cell(C), cell(C + 1), wide.clone() * cell(C + 2), wide * cell(C + 3)];
    let operands = [A, B].map(|at| results::value::<AB>(row, at));
    results::provide(builder, &OPS, operands, result, AB::Expr::ZERO);
}
