//! Poseidon2 over BN254's scalar field with a state of 3 (<https://eprint.iacr.org/2023/323>), and
//! its published round constants.

use std::sync::Arc;

use halo2curves_axiom::bn256::Fr;
use halo2curves_axiom::ff::PrimeField;
use halo2curves_axiom::serde::SerdeObject;
use p3_bn254::{BN254_POSEIDON2_HALF_FULL_ROUNDS, BN254_POSEIDON2_PARTIAL_ROUNDS_3, Bn254};
use p3_field::RawDataSerializable;
use p3_symmetric::{CryptographicPermutation, Permutation};

/// Elements of the state.
pub const WIDTH: usize = 3;

const FULL_ROUNDS: usize = 2 * BN254_POSEIDON2_HALF_FULL_ROUNDS;
const PARTIAL_ROUNDS: usize = BN254_POSEIDON2_PARTIAL_ROUNDS_3;

/// Bits of the field's order.
const BITS: usize = 254;

/// Constants of the rounds: of the first full ones, the partial ones, and the last full ones.
#[derive(Debug)]
pub struct Constants {
    pub initial: Vec<[Fr; WIDTH]>,
    pub partial: Vec<Fr>,
    pub terminal: Vec<[Fr; WIDTH]>,
}

impl Constants {
    /// As Appendix E of <https://eprint.iacr.org/2019/458> makes them.
    pub fn new() -> Constants {
        let mut grain = Grain::new();
        let full = |grain: &mut Grain| {
            let round = |_| std::array::from_fn(|_| grain.element());
            (0..FULL_ROUNDS / 2).map(round).collect()
        };
        let initial = full(&mut grain);
        let partial = (0..PARTIAL_ROUNDS).map(|_| grain.element()).collect();
        Constants { initial, partial, terminal: full(&mut grain) }
    }
}

impl Default for Constants {
    fn default() -> Self {
        Constants::new()
    }
}

/// The permutation, of elements as Plonky3 has them, by a faster multiplication than its own.
#[derive(Clone, Debug, Default)]
pub struct Poseidon2(Arc<Constants>);

impl Poseidon2 {
    pub fn permute_elements(&self, state: &mut [Fr; WIDTH]) {
        let Constants { initial, partial, terminal } = &*self.0;
        mix(state);
        for constants in initial {
            full_round(state, constants);
        }
        for constant in partial {
            state[0] = fifth(state[0] + constant);
            let sum = state[0] + state[1] + state[2];
            *state = [state[0] + sum, state[1] + sum, state[2].double() + sum];
        }
        for constants in terminal {
            full_round(state, constants);
        }
    }
}

impl Permutation<[Bn254; WIDTH]> for Poseidon2 {
    fn permute_mut(&self, state: &mut [Bn254; WIDTH]) {
        let mut elements = state.map(from_p3);
        self.permute_elements(&mut elements);
        *state = elements.map(to_p3);
    }
}

impl CryptographicPermutation<[Bn254; WIDTH]> for Poseidon2 {}

/// Both libraries have elements times 2^256 in memory.
pub fn from_p3(value: Bn254) -> Fr {
    Fr::from_raw_bytes_unchecked(&value.into_bytes())
}

pub fn to_p3(value: Fr) -> Bn254 {
    let limb = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("8 bytes"));
    let bytes = value.to_repr();
    Bn254::new(std::array::from_fn(|at| limb(&bytes[8 * at..8 * at + 8])))
}

fn full_round(state: &mut [Fr; WIDTH], constants: &[Fr; WIDTH]) {
    for (element, constant) in state.iter_mut().zip(constants) {
        *element = fifth(*element + constant);
    }
    mix(state);
}

fn mix(state: &mut [Fr; WIDTH]) {
    let sum = state[0] + state[1] + state[2];
    state.iter_mut().for_each(|element| *element += sum);
}

fn fifth(element: Fr) -> Fr {
    element.square().square() * element
}

/// The shift register that constants are drawn from, its first bit lowest.
struct Grain(u128);

impl Grain {
    fn new() -> Grain {
        // What they are for: a prime field and the S-box x^5, and its sizes.
        let fields = [(1, 2), (0, 4), (BITS, 12), (WIDTH, 12)];
        let rounds = [(FULL_ROUNDS, 10), (PARTIAL_ROUNDS, 10), ((1 << 30) - 1, 30)];
        let mut state = 0;
        let mut at = 0;
        for (value, bits) in fields.into_iter().chain(rounds) {
            for bit in (0..bits).rev() {
                state |= ((value >> bit & 1) as u128) << at;
                at += 1;
            }
        }
        let mut grain = Grain(state);
        for _ in 0..160 {
            grain.step();
        }
        grain
    }

    fn step(&mut self) -> bool {
        let bit = [62, 51, 38, 23, 13, 0].iter().fold(0, |sum, at| sum ^ self.0 >> at & 1);
        self.0 = self.0 >> 1 | bit << 79;
        bit == 1
    }

    /// The second of a pair of bits whose first is set.
    fn bit(&mut self) -> bool {
        loop {
            let (first, second) = (self.step(), self.step());
            if first {
                return second;
            }
        }
    }

    /// The next number below the order.
    fn element(&mut self) -> Fr {
        loop {
            let mut bytes = [0; 32];
            for bit in (0..BITS).rev() {
                bytes[bit / 8] |= u8::from(self.bit()) << (bit % 8);
            }
            if let Some(element) = Fr::from_repr(bytes).into() {
                return element;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use p3_bn254::Poseidon2Bn254;
    use p3_field::PrimeCharacteristicRing;
    use p3_poseidon2::ExternalLayerConstants;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    /// The vector that the paper's authors publish with their implementation.
    #[test]
    fn permutes_as_published() {
        let state = Poseidon2::default().permute([0, 1, 2].map(Bn254::from_u8));
        let published = [
            "0bb61d24daca55eebcb1929a82650f328134334da98ea4f847f760054f4a3033",
            "303b6f7c86d043bfcbcc80214f26a30277a15d3f74ca654992defe7ff8d03570",
            "1ed25194542b12eef8617361c3ba7c52e660b145994427cc86296242cf766ec8",
        ];
        let limbs = |hex: &str| {
            std::array::from_fn(|limb| {
                u64::from_str_radix(&hex[48 - 16 * limb..64 - 16 * limb], 16).unwrap()
            })
        };
        assert_eq!(state, published.map(|hex| Bn254::new(limbs(hex))));
    }

    #[test]
    fn permutes_as_plonky3() {
        let Constants { initial, partial, terminal } = Constants::new();
        let full = |rounds: Vec<[Fr; WIDTH]>| rounds.into_iter().map(|r| r.map(to_p3)).collect();
        let partial = partial.into_iter().map(to_p3).collect();
        let other = Poseidon2Bn254::<WIDTH>::new(
            ExternalLayerConstants::new(full(initial), full(terminal)),
            partial,
        );
        let ours = Poseidon2::default();
        let mut rng = StdRng::seed_from_u64(1);
        for edge in [Bn254::ZERO, Bn254::ONE, Bn254::NEG_ONE] {
            assert_eq!(ours.permute([edge; WIDTH]), other.permute([edge; WIDTH]));
        }
        for _ in 0..1_000 {
            let state: [Bn254; WIDTH] = rng.random();
            assert_eq!(to_p3(from_p3(state[0])), state[0]);
            assert_eq!(ours.permute(state), other.permute(state));
        }
    }
}
