//! Plonky3's `MultiField32Challenger` over Poseidon2.

use halo2_axiom::halo2curves::{
    bn256::Fr,
    ff::{Field as _, PrimeField as _},
};
use num_bigint::BigUint;
use p3_field::PrimeCharacteristicRing as _;
use p3_koala_bear::KoalaBear;

use crate::{
    ext::Ext,
    hash::{self, DIGIT_BITS, RATE, WORD},
    koala::{Num, P},
    tape::{Cell, Slot, Tape},
};

/// Digits of base P that are taken of a word.
const DIGITS: usize = 7;

pub struct Transcript {
    state: [Cell; 3],
    /// Elements that were observed but not yet absorbed.
    pending: Vec<Cell>,
    /// Whether words of the state were not yet taken.
    fresh: bool,
    squeezed: Vec<Num>,
}

impl Transcript {
    pub fn new(tape: &mut Tape) -> Self {
        Self { state: [tape.zero(); 3], pending: vec![], fresh: false, squeezed: vec![] }
    }

    /// An element, as an integer that can be packed.
    pub fn observe(&mut self, tape: &mut Tape, element: &Num) {
        let (low, high) = element.bounds();
        assert!(low.bits() == 0 && high.bits() <= DIGIT_BITS as u64, "it may not fit a digit");
        (self.fresh, self.squeezed) = (false, vec![]);
        self.pending.push(element.cell);
        if self.pending.len() == RATE * WORD {
            self.flush(tape);
        }
    }

    pub fn observe_ext(&mut self, tape: &mut Tape, element: &Ext) {
        element.iter().for_each(|it| self.observe(tape, it));
    }

    /// Elements that are part of the circuit.
    pub fn observe_fixed(&mut self, tape: &mut Tape, elements: &[KoalaBear]) {
        for element in elements {
            let element = tape.fixed(*element);
            self.observe(tape, &element);
        }
    }

    /// The nodes of a tree's commitment.
    pub fn observe_cap(&mut self, tape: &mut Tape, cap: &[Cell]) {
        for node in cap {
            self.observe_words(tape, &[*node]);
        }
    }

    /// Words of the transcript's own field.
    pub fn observe_words(&mut self, tape: &mut Tape, words: &[Cell]) {
        self.flush(tape);
        for block in words.chunks(RATE) {
            self.absorb(tape, block, block.len() as u64);
        }
    }

    fn flush(&mut self, tape: &mut Tape) {
        if self.pending.is_empty() {
            return;
        }
        let pending = std::mem::take(&mut self.pending);
        let words: Vec<_> = pending.chunks(WORD).map(|it| hash::pack(tape, it, 0)).collect();
        self.absorb(tape, &words, pending.len() as u64);
    }

    /// @param tag what sets apart words of another number of elements
    fn absorb(&mut self, tape: &mut Tape, words: &[Cell], tag: u64) {
        let [mut first, mut second] = [tape.zero(); RATE];
        for (slot, word) in [&mut first, &mut second].into_iter().zip(words) {
            *slot = *word;
        }
        let capacity = self.state[RATE];
        let tag = tape.constant(Fr::from(tag));
        let capacity = tape.add(capacity, tag);
        self.state = tape.permute([first, second, capacity]);
        (self.fresh, self.squeezed) = (true, vec![]);
    }

    /// An element below P.
    pub fn sample(&mut self, tape: &mut Tape) -> Num {
        self.flush(tape);
        if self.squeezed.is_empty() {
            if !self.fresh {
                self.state = tape.permute(self.state);
            }
            self.squeezed = self.state[..RATE].iter().flat_map(|it| digits(tape, *it)).collect();
            self.fresh = false;
        }
        self.squeezed.pop().expect("two words have digits")
    }

    pub fn sample_ext(&mut self, tape: &mut Tape) -> Ext {
        std::array::from_fn(|_| self.sample(tape))
    }

    /// Bits, the least first.
    pub fn sample_bits(&mut self, tape: &mut Tape, bits: usize) -> Vec<Cell> {
        let element = self.sample(tape);
        low_bits(tape, &element, bits)
    }

    /// That a witness was found by `bits` bits of work. It is no part of what is observed at 0 bits.
    pub fn assert_work(&mut self, tape: &mut Tape, bits: usize, witness: &Num) {
        if bits == 0 {
            return;
        }
        self.observe(tape, witness);
        let element = self.sample(tape);
        let above = KoalaBear::from_u32(u32_of(tape.value(element.cell)) >> bits);
        let above = tape.witness(crate::koala::number(above));
        tape.assert_bits(above, 31 - bits);
        let (zero, weight) = (tape.zero(), tape.constant(Fr::from(1 << bits)));
        tape.region([zero.into(), weight.into(), above.into(), element.cell.into()], &[0]);
    }
}

fn u32_of(value: Fr) -> u32 {
    u32::from_le_bytes(value.to_repr()[..4].try_into().expect("four bytes"))
}

/// The least bits of an element below P.
fn low_bits(tape: &mut Tape, element: &Num, bits: usize) -> Vec<Cell> {
    let value = u32_of(tape.value(element.cell));
    let bit = |i: usize| value >> i & 1;
    let mut slots = vec![Slot::New(Fr::from(u64::from(bit(0))))];
    for i in 1..bits {
        let sum = value & ((2 << i) - 1);
        let weight = tape.constant(Fr::from(1 << i));
        let bit = Slot::New(Fr::from(u64::from(bit(i))));
        slots.extend([weight.into(), bit, Slot::New(Fr::from(u64::from(sum)))]);
    }
    let weight = tape.constant(Fr::from(1 << bits));
    let above = Slot::New(Fr::from(u64::from(value >> bits)));
    slots.extend([weight.into(), above, element.cell.into()]);
    let cells = tape.chain(&slots);
    let found: Vec<_> = (0..bits).map(|i| cells[if i == 0 { 0 } else { 3 * i - 1 }]).collect();
    found.iter().for_each(|bit| tape.assert_bit(*bit));
    tape.assert_bits(cells[3 * bits - 1], 31 - bits);
    found
}

fn order() -> BigUint {
    BigUint::from_bytes_le(&(-Fr::ONE).to_repr()) + 1u32
}

/// What the rest beside the digits of a word must be below.
fn rests() -> BigUint {
    order() / BigUint::from(P).pow(DIGITS as u32)
}

/// The least digits of base P of a word.
///
/// What is left of the word must be below the order of the field divided by P^7, rounded down, so
/// that digits and rest are an integer below the order. It is equal to that, and a proof can't be
/// made, once in 2^36 words.
fn digits(tape: &mut Tape, word: Cell) -> Vec<Num> {
    let above = rests();
    let mut rest = BigUint::from_bytes_le(&tape.value(word).to_repr());
    let mut elements = vec![];
    for _ in 0..DIGITS {
        let digit = (&rest % P).iter_u32_digits().next().unwrap_or(0);
        elements.push(tape.load_canonical(KoalaBear::from_u32(digit)));
        rest /= P;
    }
    let rest = tape.witness(Fr::from(rest.iter_u64_digits().next().unwrap_or(0)));
    let bits = above.bits() as usize;
    tape.assert_bits(rest, bits);
    let greatest = Fr::from(above.iter_u64_digits().next().unwrap_or(0) - 1);
    let greatest = tape.constant(greatest);
    let below = tape.sub(greatest, rest);
    tape.assert_bits(below, bits);
    let mut weight = Fr::ONE;
    let terms: Vec<_> = elements
        .iter()
        .map(|it| it.cell)
        .chain([rest])
        .map(|cell| {
            let term = (weight, cell);
            weight *= Fr::from(u64::from(P));
            term
        })
        .collect();
    let zero = tape.zero();
    let sum = tape.sum_scaled(zero, &terms);
    tape.assert_equal(sum, word);
    elements
}

#[cfg(test)]
mod tests {
    use p3_field::squeeze_field_order_num_limbs;

    use super::*;

    #[test]
    fn takes_as_many_digits_as_plonky3() {
        assert_eq!(DIGITS, squeeze_field_order_num_limbs::<p3_bn254::Bn254, KoalaBear>());
    }

    #[test]
    fn a_word_has_one_row_of_digits() {
        let radix = BigUint::from(P).pow(DIGITS as u32);
        let greatest = (rests() - 1u32) * &radix + (&radix - 1u32);
        assert!(greatest < order(), "no word, plus the order, has other digits");
        assert!(rests().bits() == 37, "the rest is one more than allowed in one of 2^36 words");
    }
}
