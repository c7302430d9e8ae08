//! The Grain LFSR in self-shrinking mode, from which Poseidon's constants are drawn
//! (Poseidon paper, <https://eprint.iacr.org/2019/458>, appendix F).

use halo2_axiom::halo2curves::{
    bn256::Fr,
    ff::{FromUniformBytes, PrimeField},
};

const STATE_BITS: u32 = 80;
const TAPS: [u32; 6] = [0, 13, 23, 38, 51, 62];

/// A stream of bits; bit 0 of `state` is the oldest.
pub struct Grain {
    state: u128,
}

impl Grain {
    /// For x^5 over a prime field of `Fr`'s size, width `t`, `full` and `partial` rounds.
    pub fn new(t: u32, full: u32, partial: u32) -> Self {
        const ALL_ONES: (u32, u32) = ((1 << 30) - 1, 30);
        let fields =
            [(1, 2), (0, 4), (Fr::NUM_BITS, 12), (t, 12), (full, 10), (partial, 10), ALL_ONES];
        let mut state = 0u128;
        let mut position = 0;
        for (value, width) in fields {
            for bit in (0..width).rev() {
                state |= u128::from(value >> bit & 1) << position;
                position += 1;
            }
        }
        let mut grain = Self { state };
        for _ in 0..2 * STATE_BITS {
            grain.step();
        }
        grain
    }

    /// A uniform field element: draws of the modulus or more are thrown away.
    pub fn next_uniform(&mut self) -> Fr {
        loop {
            let bytes = self.next_bytes();
            if let Some(element) = Option::from(Fr::from_repr(bytes)) {
                return element;
            }
        }
    }

    /// A draw reduced by the modulus, as the reference implementation does for the matrix.
    pub fn next_reduced(&mut self) -> Fr {
        let mut wide = [0; 64];
        wide[..32].copy_from_slice(&self.next_bytes());
        Fr::from_uniform_bytes(&wide)
    }

    /// `Fr::NUM_BITS` bits, most significant first, as a little-endian number.
    fn next_bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for bit in (0..Fr::NUM_BITS as usize).rev() {
            bytes[bit / 8] |= u8::from(self.next_bit()) << (bit % 8);
        }
        bytes
    }

    fn next_bit(&mut self) -> bool {
        loop {
            let keep = self.step();
            let bit = self.step();
            if keep {
                return bit;
            }
        }
    }

    fn step(&mut self) -> bool {
        let bit = TAPS.iter().fold(0, |sum, tap| sum ^ (self.state >> tap & 1));
        self.state = self.state >> 1 | bit << (STATE_BITS - 1);
        bit == 1
    }
}
