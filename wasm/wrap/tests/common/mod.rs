//! What the tests share.
#![allow(dead_code, reason = "no test uses all of it")]

pub mod machine;
pub mod toy;

use halo2_axiom::{
    dev::{MockProver, VerifyFailure},
    halo2curves::bn256::Fr,
};
use wrap::{
    circuit::{Laid, Size},
    tape::Tape,
};

/// The least k that has the rows.
pub fn laid(tape: &Tape) -> Laid<'_> {
    let sizes = (tape.table_bits as u32 + 1..24).map(|k| Size::of(tape, k));
    let size = sizes.flatten().next().expect("a size that fits");
    Laid { tape, size, changed: None }
}

/// Whether all constraints of a tape hold.
pub fn holds(tape: &Tape) -> bool {
    holds_changed(tape, &[])
}

/// The same with other values in cells of permutations.
pub fn holds_changed(tape: &Tape, changed: &[(usize, usize, usize, Fr)]) -> bool {
    faults(tape, changed).is_empty()
}

/// What does not hold then.
pub fn faults(tape: &Tape, changed: &[(usize, usize, usize, Fr)]) -> Vec<VerifyFailure> {
    let laid = Laid { changed: Some(changed.to_vec()), ..laid(tape) };
    let prover = MockProver::run(laid.size.k, &laid, vec![tape.instance()]);
    prover.expect("the circuit fits").verify().err().unwrap_or_default()
}
