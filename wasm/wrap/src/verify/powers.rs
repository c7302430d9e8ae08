//! Sums of elements of the base field times powers of a challenge, at half the cells.
//!
//! Two coefficients of a power share a cell, 96 bits apart, and the sum is split at its end.

use halo2_axiom::halo2curves::{bn256::Fr, ff::Field as _};

use crate::{
    ext::{Ext, Ext4},
    koala::Num,
    tape::{Cell, Tape},
};
use p3_field::PrimeCharacteristicRing as _;

/// Where the second coefficient begins.
pub const LANE_BITS: usize = 96;

/// 1, α, α², …
pub struct Powers {
    lanes: Vec<[Cell; 2]>,
    /// Greatest of all coefficients.
    greatest: num_bigint::BigUint,
}

impl Powers {
    pub fn new(tape: &mut Tape, alpha: &Ext, count: usize) -> Self {
        let mut power = tape.fixed_ext(Ext4::ONE);
        let mut powers = Self { lanes: vec![], greatest: 0u32.into() };
        let weight = tape.constant(Fr::from(2).pow([LANE_BITS as u64]));
        for i in 0..count {
            if i == 1 {
                power = alpha.clone();
            } else if i > 1 {
                let next = tape.ext_times(&power, alpha);
                power = tape.ext_reduced(&next);
            }
            for coefficient in &power {
                let (low, high) = coefficient.bounds();
                assert!(low.bits() == 0, "coefficients are reduced");
                powers.greatest = powers.greatest.clone().max(high.clone());
            }
            let [a, b, c, d] = power.each_ref().map(|it| it.cell);
            powers.lanes.push([tape.mul_add(a, weight, b), tape.mul_add(c, weight, d)]);
        }
        powers
    }

    /// The sum of elements times powers, reduced.
    pub fn dot(&self, tape: &mut Tape, terms: &[(usize, &Num)]) -> Ext {
        let mut greatest = num_bigint::BigUint::ZERO;
        for (_, element) in terms {
            let (low, high) = element.bounds();
            assert!(low.bits() == 0, "elements have no sign");
            greatest += high * &self.greatest;
        }
        let zero = tape.zero();
        let [a, b] = [0, 1].map(|lane| {
            let pairs: Vec<_> =
                terms.iter().map(|(i, element)| (self.lanes[*i][lane], element.cell)).collect();
            let sum = tape.sum_products(zero, &pairs);
            tape.split_reduced(sum, LANE_BITS, &greatest)
        });
        let [[a, b], [c, d]] = [a, b];
        [a, b, c, d]
    }
}
