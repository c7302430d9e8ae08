//! Poseidon2 over BN254's scalar field, width 3: eight full and 56 partial rounds, S-box x^5.

pub mod chip;
mod constants;

use std::sync::LazyLock;

use halo2_axiom::halo2curves::bn256::Fr;
use p3_bn254::Poseidon2Bn254;
use p3_poseidon2::ExternalLayerConstants;

use crate::field::{from_hex, to_p3};

pub type State = [Fr; 3];

/// The published round constants.
pub struct Constants {
    /// Four rounds at the start, four at the end.
    pub full: [State; 8],
    pub partial: [Fr; 56],
}

pub static CONSTANTS: LazyLock<Constants> = LazyLock::new(|| Constants {
    full: constants::FULL.map(|round| round.map(from_hex)),
    partial: constants::PARTIAL.map(from_hex),
});

/// Plonky3's permutation with these constants.
pub fn native() -> Poseidon2Bn254<3> {
    let full = |rounds: &[State]| rounds.iter().map(|round| round.map(to_p3)).collect();
    Poseidon2Bn254::new(
        ExternalLayerConstants::new(full(&CONSTANTS.full[..4]), full(&CONSTANTS.full[4..])),
        CONSTANTS.partial.map(to_p3).to_vec(),
    )
}
