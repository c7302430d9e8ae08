//! Poseidon over BN254's scalar field: width 3, rate 2, x^5, 8 full and 57 partial rounds.
//!
//! Constants and matrix are those of the reference implementation
//! (<https://eprint.iacr.org/2019/458>), the same as circomlib's for two inputs. The sponge is
//! that of halo2-base and snark-verifier: capacity 2^64, one element 1 as padding, output in the
//! first element of the rate.

use std::sync::OnceLock;

use halo2_axiom::halo2curves::{bn256::Fr, ff::Field};

use crate::grain::Grain;

pub const WIDTH: usize = 3;
pub const RATE: usize = WIDTH - 1;
pub const FULL_ROUNDS: usize = 8;
pub const PARTIAL_ROUNDS: usize = 57;
pub const ROUNDS: usize = FULL_ROUNDS + PARTIAL_ROUNDS;

pub type State = [Fr; WIDTH];

pub struct Constants {
    /// Added to the state before each round's S-box.
    pub round: Vec<State>,
    /// The linear layer: row `i` gives the new element `i`.
    pub matrix: [State; WIDTH],
}

/// Drawn once a process.
pub fn constants() -> &'static Constants {
    static CONSTANTS: OnceLock<Constants> = OnceLock::new();
    CONSTANTS.get_or_init(|| {
        let mut grain = Grain::new(WIDTH as u32, FULL_ROUNDS as u32, PARTIAL_ROUNDS as u32);
        let round = (0..ROUNDS).map(|_| [(); WIDTH].map(|()| grain.next_uniform())).collect();
        let x: State = [(); WIDTH].map(|()| grain.next_reduced());
        let y: State = [(); WIDTH].map(|()| grain.next_reduced());
        let matrix = x.map(|x| y.map(|y| (x + y).invert().expect("a Cauchy matrix")));
        Constants { round, matrix }
    })
}

/// Whether all elements of the state pass the S-box in this round, or only the first.
pub fn is_full(round: usize) -> bool {
    !(FULL_ROUNDS / 2..FULL_ROUNDS / 2 + PARTIAL_ROUNDS).contains(&round)
}

/// The capacity's first value.
pub fn capacity() -> Fr {
    Fr::from_raw([0, 1, 0, 0])
}

/// The state after `round`.
pub fn apply_round(round: usize, state: State) -> State {
    let Constants { round: added, matrix } = constants();
    let mut boxed = state;
    for (i, (element, constant)) in boxed.iter_mut().zip(added[round]).enumerate() {
        *element += constant;
        if i == 0 || is_full(round) {
            *element *= element.square().square();
        }
    }
    matrix.map(|row| row.iter().zip(boxed).map(|(m, element)| m * element).sum())
}

/// The blocks to add to the rate, the last one padded.
pub fn blocks<T: Copy>(inputs: &[T], one: T, zero: T) -> Vec<[T; RATE]> {
    let mut padded = inputs.to_vec();
    padded.push(one);
    padded.resize(padded.len().next_multiple_of(RATE), zero);
    padded.chunks_exact(RATE).map(|block| [block[0], block[1]]).collect()
}

/// The hash of a list of field elements.
pub fn hash(inputs: &[Fr]) -> Fr {
    let mut state = [capacity(), Fr::ZERO, Fr::ZERO];
    for block in blocks(inputs, Fr::ONE, Fr::ZERO) {
        for (element, input) in state[1..].iter_mut().zip(block) {
            *element += input;
        }
        for round in 0..ROUNDS {
            state = apply_round(round, state);
        }
    }
    state[1]
}

#[cfg(test)]
mod tests {
    use halo2_axiom::halo2curves::ff::PrimeField;
    use proptest::prelude::*;
    use snark_verifier::{loader::native::NativeLoader, util::hash::Poseidon};

    use super::*;

    /// circomlib's `poseidon([1, 2])`: the permutation of (0, 1, 2), first element.
    #[test]
    fn permutes_as_circomlib() {
        let mut state = [0, 1, 2].map(Fr::from);
        for round in 0..ROUNDS {
            state = apply_round(round, state);
        }
        let wanted = Fr::from_str_vartime(
            "7853200120776062878684798364095072458815029376092732009249414926327459813530",
        );
        assert_eq!(Some(state[0]), wanted);
    }

    #[test]
    fn pads_with_one_and_zeros() {
        assert_eq!(blocks::<u8>(&[], 1, 0), [[1, 0]]);
        assert_eq!(blocks(&[7u8], 1, 0), [[7, 1]]);
        assert_eq!(blocks(&[7u8, 8], 1, 0), [[7, 8], [1, 0]]);
    }

    proptest! {
        #[test]
        fn hashes_as_snark_verifier(
            inputs in prop::collection::vec(prop::array::uniform4(any::<u64>()), 0..8)
        ) {
            let inputs: Vec<Fr> = inputs.into_iter().map(Fr::from_raw).collect();
            let mut other = Poseidon::<Fr, Fr, WIDTH, RATE>::new::<FULL_ROUNDS, PARTIAL_ROUNDS, 0>(
                &NativeLoader,
            );
            other.update(&inputs);
            prop_assert_eq!(hash(&inputs), other.squeeze());
        }
    }
}
