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
    let int = AB::Expr::from_u32;
    let at = columns(limbs);
    let real = results::one_operation(builder, ops(limbs));
    let [shl, shr_u, shr_s, rotl, rotr]: [AB::Expr; 5] = std::array::from_fn(cell);
    let once = |count: &AB::Expr| Count::bounded(count.clone(), 1);

    // The distance.
    let bits = 16 * limbs as u32;
    builder.assert_eq(row[at.b], cell(at.distance) + cell(at.rest) * int(bits));
    builder.push_interaction(buses::RANGE16, [row[at.rest]], once(&real));
    let scaled = cell(at.distance) * int(256 / bits);
    builder.push_interaction(buses::RANGE8, [scaled], once(&real));

    // k = 8 q + r
    let flags = at.moved..at.product;
    let mut power = AB::Expr::ONE;
    let mut k = AB::Expr::ZERO;
    for bit in 0..3 {
        builder.assert_bool(row[at.bits + bit]);
        k += cell(at.bits + bit) * int(1 << bit);
        power *= cell(at.bits + bit) * int((1 << (1 << bit)) - 1) + AB::Expr::ONE;
    }
    builder.assert_eq(row[at.power], power - AB::Expr::ONE);
    flags.clone().for_each(|flag| builder.assert_bool(row[flag]));
    builder.assert_eq(flags.clone().map(cell).sum::<AB::Expr>(), real.clone());
    k += flags.clone().zip(0..).map(|(flag, q)| cell(flag) * int(8 * q)).sum::<AB::Expr>();
    let distance = cell(at.distance);
    let left = shl.clone() + rotl.clone();
    let right = real.clone() - left.clone();
    builder.assert_zero(left * (k.clone() - distance.clone()) + right * (k + distance - int(bits)));

    // The limbs times 2^r.
    let bytes = at.product..at.carry;
    let carries = at.carry..at.sign;
    for byte in bytes.chain(carries) {
        builder.push_interaction(buses::RANGE8, [row[byte]], once(&real));
    }
    let carry_out =
        |limb: usize| cell(if limb + 1 < limbs { at.carry + limb } else { at.product + 2 * limbs });
    for limb in 0..limbs {
        let carry_in = if limb == 0 { AB::Expr::ZERO } else { carry_out(limb - 1) };
        let [low, high] = [0, 1].map(|byte| cell(at.product + 2 * limb + byte));
        builder.assert_eq(
            cell(at.a + limb) * (cell(at.power) + AB::Expr::ONE) + carry_in,
            low + high * int(1 << 8) + carry_out(limb) * int(1 << 16),
        );
    }
    let moved = |byte: usize| -> AB::Expr {
        let fits = (0..=2 * limbs).filter(|q| *q <= byte && byte - q <= 2 * limbs);
        fits.map(|q| cell(at.moved + q) * cell(at.product + byte - q)).sum()
    };

    // The sign, and the bits that it fills.
    builder.assert_bool(row[at.sign]);
    builder.assert_zero(cell(at.sign) * (AB::Expr::ONE - shr_s.clone()));
    let rest = cell(at.a + limbs - 1) * int(2) - cell(at.sign) * int(1 << 16);
    builder.push_interaction(buses::RANGE16, [rest], once(&shr_s));
    let fill = |byte: usize| {
        let above: AB::Expr = (0..byte).map(|q| cell(at.moved + q)).sum();
        let within = cell(at.moved + byte) * (int(0xff) - cell(at.power));
        cell(at.sign) * (above * int(0xff) + within)
    };

    let lower = shl + rotl.clone() + rotr.clone();
    let upper = shr_u + shr_s + rotl + rotr;
    let result = |byte: usize| {
        lower.clone() * moved(byte) + upper.clone() * moved(byte + 2 * limbs) + fill(byte)
    };
    for limb in 0..limbs {
        builder.assert_eq(row[at.c + limb], result(2 * limb) + result(2 * limb + 1) * int(1 << 8));
    }
    let [a, b, c] = [at.a, at.b, at.c].map(|first| results::padded::<AB>(row, first, limbs));
    results::provide(builder, ops(limbs), [a, b], c, AB::Expr::ZERO);
}
