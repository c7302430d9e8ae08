use p3_air::{AirBuilder, WindowAccess};
use p3_field::{Field, PrimeCharacteristicRing};
use p3_lookup::{Count, InteractionBuilder};

use super::{A, CARRY, HALF, IMM, NEW, OLD, OPS, PAGES, PRIOR, TIME, V};
use crate::buses;
use crate::chips::{Val, results};
use crate::execute::trace::Space;
use crate::program::isa::Op;

/// Constraints and interactions of a row.
pub fn eval<AB: AirBuilder<F = Val> + InteractionBuilder>(builder: &mut AB) {
    let main = builder.main();
    let row = main.current_slice();
    let cell = |column: usize| -> AB::Expr { row[column].into() };
    let any = |ops: &[Op]| results::any::<AB>(row, &OPS, ops);
    let int = AB::Expr::from_u32;
    let one = AB::Expr::ONE;
    let real = results::one_operation(builder, &OPS);
    let once = || Count::bounded(real.clone(), 1);
    let load = any(&[Op::Load32U, Op::Load64]);
    let narrow = any(&[Op::Load32U, Op::Store32]);

    // The address.
    builder.assert_bool(row[CARRY]);
    builder.assert_bool(row[HALF]);
    builder.assert_zero(cell(HALF) * (one.clone() - narrow));
    let low = cell(A) + cell(IMM) - cell(CARRY) * int(1 << 16);
    let eighth = AB::Expr::from(Val::from_u8(8).inverse());
    let word = (low.clone() - cell(HALF) * int(4)) * eighth;
    let page = cell(A + 1) + cell(IMM + 1) + cell(CARRY);
    let above = cell(PAGES) - one.clone() - page.clone();
    for number in [low, word.clone(), above] {
        builder.push_interaction(buses::RANGE16, [number], once());
    }

    // The cell.
    let later = cell(TIME) - cell(PRIOR) - one.clone();
    builder.push_interaction(buses::RANGE24, [later], once());
    let at = word + page * int(1 << 13);
    let tuple = |time: usize, value: usize| {
        let at = [int(Space::Linear as u32), at.clone(), cell(time)];
        at.into_iter().chain((value..value + 4).map(cell))
    };
    builder.push_interaction(buses::MEMORY, tuple(PRIOR, OLD), once());
    builder.push_interaction(buses::MEMORY, tuple(TIME, NEW), Count::bounded(-real.clone(), 1));

    // What is loaded, and what is left.
    let [load32, load64, store32, store64] = OPS.map(|op| any(&[op]));
    for limb in 0..4 {
        let (v, old) = (cell(V + limb), cell(OLD + limb));
        let loaded = if limb < 2 {
            old.clone() + cell(HALF) * (cell(OLD + limb + 2) - old.clone())
        } else {
            AB::Expr::ZERO
        };
        builder.assert_zero(load32.clone() * (v.clone() - loaded));
        builder.assert_zero(load64.clone() * (v.clone() - old.clone()));
        let half = if limb < 2 { one.clone() - cell(HALF) } else { cell(HALF) };
        let stored = store32.clone() * half * (cell(V + limb % 2) - old.clone())
            + store64.clone() * (v - old.clone());
        builder.assert_eq(row[NEW + limb], old + stored);
    }

    let imm = |limb: usize| if limb < 2 { cell(IMM + limb) } else { AB::Expr::ZERO };
    let op: AB::Expr = (0..OPS.len()).map(|flag| cell(flag) * int(OPS[flag] as u32)).sum();
    let tuple = [op, cell(A), cell(A + 1), cell(TIME), cell(PAGES)]
        .into_iter()
        .chain((0..4).map(|limb| cell(V + limb) + load.clone() * (imm(limb) - cell(V + limb))))
        .chain((0..4).map(|limb| imm(limb) + load.clone() * (cell(V + limb) - imm(limb))))
        .chain([AB::Expr::ZERO]);
    builder.push_interaction(buses::RESULTS, tuple, Count::bounded(-real.clone(), 1));
}
