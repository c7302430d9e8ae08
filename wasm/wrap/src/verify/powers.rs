//! Powers of a challenge, to be multiplied with elements of the base field at a third of the cells.
//!
//! Three coefficients share a cell, `LANE_BITS` apart; a sum of products is split at its end.

use halo2_axiom::halo2curves::{bn256::Fr, ff::Field as _};
use num_bigint::BigUint;
use p3_field::PrimeCharacteristicRing as _;

use crate::{
    ext::{Ext, Ext4},
    hash::DIGIT_BITS,
    koala::Num,
    tape::{Cell, Tape},
};

/// Where the second coefficient begins, and, as often again, the third.
pub const LANE_BITS: usize = 80;

/// A power's first three coefficients in one cell, and its last.
#[derive(Clone, Copy)]
pub struct Power {
    pub three: Cell,
    pub last: Cell,
}

/// 1, α, α², …
pub struct Powers {
    pub elements: Vec<Ext>,
    pub cells: Vec<Power>,
    /// Greatest of all coefficients.
    greatest: BigUint,
}

/// 2^(`LANE_BITS` n)
pub fn lane(tape: &mut Tape, n: u64) -> Cell {
    tape.constant(Fr::from(2).pow([LANE_BITS as u64 * n]))
}

impl Powers {
    /// Those up to this one.
    pub fn new(tape: &mut Tape, alpha: &Ext, highest: usize) -> Self {
        let alpha = tape.factor(alpha);
        let [second, third] = [1, 2].map(|n| lane(tape, n));
        let mut elements = vec![tape.fixed_ext(Ext4::ONE)];
        for i in 0..highest {
            let next = tape.ext_dot(&[(&elements[i], &alpha)], &[], &[]);
            elements.push(tape.ext_reduced(&next));
        }
        let mut greatest = BigUint::ZERO;
        let cells = elements
            .iter()
            .map(|element| {
                for coefficient in element {
                    let (low, high) = coefficient.bounds();
                    assert!(low.bits() == 0, "coefficients have no sign");
                    greatest = high.max(&greatest).clone();
                }
                let [a, b, c, last] = element.each_ref().map(|it| it.cell);
                Power { three: tape.sum_products(a, &[(second, b), (third, c)]), last }
            })
            .collect();
        Self { elements, cells, greatest }
    }

    /// The greatest sum of so many elements below 2^31 times coefficients.
    pub fn greatest_sum(&self, count: usize) -> BigUint {
        (&self.greatest * count) << DIGIT_BITS
    }
}

/// The number in a cell that the caller knows to be no more than that.
pub fn number(cell: Cell, greatest: &BigUint) -> Num {
    Num::new(cell, BigUint::ZERO, greatest.clone())
}
