//! What the tests share.
#![allow(dead_code, reason = "no test uses all of it")]

pub mod toy;

use halo2_axiom::{dev::MockProver, halo2curves::bn256::Fr};
use wrap::{
    circuit::{Laid, Size},
    tape::Tape,
};

fn holds_laid(laid: &Laid) -> bool {
    MockProver::run(laid.size.k, laid, vec![laid.tape.instance()])
        .expect("the circuit fits")
        .verify()
        .is_ok()
}

/// The least k that has the rows.
pub fn laid(tape: &Tape) -> Laid<'_> {
    let sizes = (tape.table_bits as u32 + 1..24).map(|k| Size::of(tape, k));
    let size = sizes.flatten().next().expect("a size that fits");
    Laid { tape, size, changed: None }
}

/// Whether all constraints of a tape hold.
pub fn holds(tape: &Tape) -> bool {
    holds_laid(&laid(tape))
}

/// The same with another value in a cell of a permutation.
pub fn holds_changed(tape: &Tape, changed: (usize, usize, usize, Fr)) -> bool {
    holds_laid(&Laid { changed: Some(changed), ..laid(tape) })
}
