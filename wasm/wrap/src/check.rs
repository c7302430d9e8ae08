//! Checks a tape without laying it out: in milliseconds, before minutes of proving.

use halo2_axiom::halo2curves::{bn256::Fr, ff::PrimeField as _};

use crate::{element::WEIGHT, hash::DIGIT_BITS, poseidon2::chip, tape::Tape};

impl Tape {
    /// A constraint that does not hold, if there is one.
    pub fn fault(&self) -> Option<String> {
        let cells = |gate: u32| [0, 1, 2, 3].map(|i| self.base[gate as usize + i]);
        let gate = self.gates.iter().find(|gate| {
            let [a, b, c, d] = cells(**gate);
            a + b * c != d
        });
        let [radix, weight] = [1 << DIGIT_BITS, u64::from(WEIGHT)].map(Fr::from);
        let digit = self.digits.iter().find(|gate| {
            let [a, b, c, d] = cells(**gate);
            radix * a + b + weight * c != d
        });
        let copy = self.copies.iter().find(|(a, b)| self.value(*a) != self.value(*b));
        let lookup = self.lookups.iter().find(|&&(cell, value)| {
            let bytes = value.to_repr();
            let low = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes"));
            let in_table = low >> self.table_bits == 0 && bytes[8..].iter().all(|it| *it == 0);
            self.value(cell) != value || !in_table
        });
        let permutation =
            self.permutations.iter().position(|(input, output)| chip::permute(*input) != *output);
        gate.or(digit)
            .map(|gate| format!("the gate at {gate}"))
            .or_else(|| copy.map(|copy| format!("the copy {copy:?}")))
            .or_else(|| lookup.map(|lookup| format!("the lookup {lookup:?}")))
            .or_else(|| permutation.map(|it| format!("permutation {it}")))
    }
}

/// How much a tape has of what a circuit is sized by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub base: usize,
    pub lookups: usize,
    pub permutations: usize,
    pub constants: usize,
}

impl Tape {
    pub fn count(&self) -> Count {
        Count {
            base: self.base.len(),
            lookups: self.lookups.len(),
            permutations: self.permutations.len(),
            constants: self.constants.len(),
        }
    }
}
