//! Witnesses that are elements of KoalaBear, and words of them.
//!
//! Two halves of 16 bits are a number by weights such that their sum is any number below P and none
//! of 2^31 or more, so that no half is looked up a second time for its highest bit. A number may
//! have several pairs of halves.

use halo2_axiom::halo2curves::{
    bn256::Fr,
    ff::{Field as _, PrimeField as _},
};
use num_bigint::BigUint;
use p3_field::PrimeField32 as _;
use p3_koala_bear::KoalaBear;

use crate::{
    hash::{DIGIT_BITS, WORD},
    koala::{Num, P},
    tape::{Cell, Slot, Tape},
};

const HALF_BITS: usize = 16;
/// What the upper half weighs.
pub const WEIGHT: u32 = (1 << (DIGIT_BITS - HALF_BITS)) - 1;
/// Of both halves.
const GREATEST: u32 = WEIGHT * ((1 << HALF_BITS) - 1) + ((1 << HALF_BITS) - 1);

const _: () = assert!(GREATEST >= P - 1 && GREATEST >> DIGIT_BITS == 0);
/// No number is left out.
const _: () = assert!(WEIGHT <= 1 << HALF_BITS);

/// The lower half and the upper.
fn halves(value: u32) -> [Fr; 2] {
    [value % WEIGHT, value / WEIGHT].map(|half| u64::from(half).into())
}

/// What is left of a word without its digits: K with K 2^(31 n) = 1 + 2^31 + … + 2^(31 (n - 1)), as
/// each of its n digits is more by 1.
pub fn end_of_word(digits: usize) -> Fr {
    let radix = Fr::from(1 << DIGIT_BITS);
    let ones = (0..digits).fold(Fr::ZERO, |ones, _| ones * radix + Fr::ONE);
    ones * radix.pow([digits as u64]).invert().expect("not zero")
}

impl Tape {
    fn assert_halves(&mut self, halves: [Cell; 2]) {
        halves.into_iter().for_each(|half| self.assert_bits(half, HALF_BITS));
    }

    /// A witness below 2^31, so that it can be packed.
    pub fn load(&mut self, value: KoalaBear) -> Num {
        let value = value.as_canonical_u32();
        let (weight, [low, high]) = (self.constant(u64::from(WEIGHT).into()), halves(value));
        let value = Fr::from(u64::from(value));
        let slots = [Slot::New(low), weight.into(), Slot::New(high), Slot::New(value)];
        let [low, _, high, cell] = self.region(slots, &[0]);
        self.assert_halves([low, high]);
        Num::new(cell, BigUint::ZERO, GREATEST.into())
    }

    /// A witness below P.
    pub fn load_canonical(&mut self, value: KoalaBear) -> Num {
        let number = self.load(value);
        self.assert_canonical(number.cell)
    }

    /// That a cell, known to be below 2^33, is below P.
    pub fn assert_canonical(&mut self, cell: Cell) -> Num {
        let value = self.value(cell);
        // Of a number above, which no proof is made of, any halves.
        let low = u32::from_le_bytes(value.to_repr()[..4].try_into().expect("four bytes"));
        let [low, high] = halves((P - 1).saturating_sub(low));
        let [weight, greatest] = [WEIGHT, P - 1].map(|it| self.constant(u64::from(it).into()));
        let sum = value + high * self.value(weight);
        let one = self.one();
        let cells = self.region(
            [
                cell.into(),
                weight.into(),
                Slot::New(high),
                Slot::New(sum),
                one.into(),
                Slot::New(low),
                greatest.into(),
            ],
            &[0, 3],
        );
        self.assert_halves([cells[5], cells[2]]);
        Num::new(cell, BigUint::ZERO, (P - 1).into())
    }

    /// A word of witnesses below 2^31, the least digit first, each more by 1. They have no cells.
    ///
    /// @return what is left of the word without its first digits: the word itself, what is left of
    /// it without one digit, and so on. A digit is what is left with it, less 2^31 times what is
    /// left without it, which after the last is `end_of_word`.
    pub fn load_word(&mut self, values: &[KoalaBear]) -> Vec<Cell> {
        assert!(values.len() <= WORD);
        let radix = Fr::from(1 << DIGIT_BITS);
        let mut rest = end_of_word(values.len());
        let mut slots = vec![self.constant(rest).into()];
        for value in values.iter().rev() {
            let value = value.as_canonical_u32();
            rest = rest * radix + Fr::from(u64::from(value));
            slots.extend(halves(value).map(Slot::New));
            slots.push(Slot::New(rest));
        }
        let cells = self.digits(&slots);
        for digit in 0..values.len() {
            self.assert_halves([cells[3 * digit + 1], cells[3 * digit + 2]]);
        }
        (1..=values.len()).rev().map(|digit| cells[3 * digit]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_of_16_bits_and_make_the_number() {
        let edges = (0..31).flat_map(|bit| [(1u32 << bit) - 1, 1 << bit]);
        for value in edges.chain([WEIGHT, P - 2, P - 1]).filter(|value| *value < P) {
            let [low, high] = [value % WEIGHT, value / WEIGHT];
            assert!(low >> HALF_BITS == 0 && high >> HALF_BITS == 0, "{value}");
            assert_eq!(low + WEIGHT * high, value);
        }
    }
}
