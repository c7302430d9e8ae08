//! The columns and gates.
//!
//! Two columns of witness: `sums` for arithmetic, `chains` for digits and hash rounds. The cells of
//! a gate stand below one another, the first on the row of its selector.
//!
//! | gate      | column   | cells                  | holds                                     |
//! |-----------|----------|------------------------|-------------------------------------------|
//! | `combine` | `sums`   | `x, y, z, out`         | `out = x + y·z`                           |
//! | `pin`     | `chains` | `a`                    | `a = constant`                            |
//! | `digit`   | `chains` | `a, b`                 | `a - 4b` is 0, 1, 2 or 3                  |
//! | `full`    | `chains` | `s0..s2`, next `s0..s2`| a Poseidon round, S-box on all elements   |
//! | `partial` | `chains` | the same               | a Poseidon round, S-box on `s0` only      |

use halo2_axiom::{
    halo2curves::{bn256::Fr, ff::Field},
    plonk::{Advice, Column, ConstraintSystem, Expression, Fixed, Instance, Selector},
    poly::Rotation,
};

use crate::poseidon::{self, WIDTH};

/// Bits of a digit: with four values the gate's degree stays below the S-box's.
pub const DIGIT_BITS: usize = 2;

/// The S-box's, 5, and its selector's.
const DEGREE: usize = 6;

#[derive(Clone, Debug)]
pub struct Gates {
    pub sums: Column<Advice>,
    pub chains: Column<Advice>,
    pub constant: Column<Fixed>,
    pub public: Column<Instance>,
    pub combine: Selector,
    pub pin: Selector,
    pub digit: Selector,
    pub full: Selector,
    pub partial: Selector,
}

impl Gates {
    pub fn new(meta: &mut ConstraintSystem<Fr>) -> Self {
        let gates = Self {
            sums: meta.advice_column(),
            chains: meta.advice_column(),
            constant: meta.fixed_column(),
            public: meta.instance_column(),
            combine: meta.selector(),
            pin: meta.selector(),
            digit: meta.selector(),
            full: meta.selector(),
            partial: meta.selector(),
        };
        meta.enable_equality(gates.sums);
        meta.enable_equality(gates.chains);
        meta.enable_equality(gates.public);
        // halo2-axiom caps the degree at 5, or at an environment variable, unless told otherwise.
        meta.set_minimum_degree(DEGREE);
        gates.combine(meta);
        gates.pin(meta);
        gates.digit(meta);
        gates.round(meta, true);
        gates.round(meta, false);
        gates
    }

    fn combine(&self, meta: &mut ConstraintSystem<Fr>) {
        meta.create_gate("combine", |meta| {
            let on = meta.query_selector(self.combine);
            let [x, y, z, out] = [0, 1, 2, 3].map(|i| meta.query_advice(self.sums, Rotation(i)));
            [on * (x + y * z - out)]
        });
    }

    fn pin(&self, meta: &mut ConstraintSystem<Fr>) {
        meta.create_gate("pin", |meta| {
            let on = meta.query_selector(self.pin);
            let a = meta.query_advice(self.chains, Rotation::cur());
            let constant = meta.query_fixed(self.constant, Rotation::cur());
            [on * (a - constant)]
        });
    }

    fn digit(&self, meta: &mut ConstraintSystem<Fr>) {
        meta.create_gate("digit", |meta| {
            let on = meta.query_selector(self.digit);
            let a = meta.query_advice(self.chains, Rotation::cur());
            let b = meta.query_advice(self.chains, Rotation::next());
            let base = 1u64 << DIGIT_BITS;
            let digit = a - b * Fr::from(base);
            let vanishes = (0..base)
                .map(|value| digit.clone() - Expression::Constant(Fr::from(value)))
                .reduce(|product, factor| product * factor)
                .expect("a base above zero");
            [on * vanishes]
        });
    }

    fn round(&self, meta: &mut ConstraintSystem<Fr>, full: bool) {
        let (name, selector) =
            if full { ("full round", self.full) } else { ("partial round", self.partial) };
        meta.create_gate(name, |meta| {
            let on = meta.query_selector(selector);
            let boxed: Vec<_> = (0..WIDTH)
                .map(|i| {
                    let element = meta.query_advice(self.chains, Rotation(i as i32));
                    let added = element + meta.query_fixed(self.constant, Rotation(i as i32));
                    if i == 0 || full { fifth_power(added) } else { added }
                })
                .collect();
            let matrix = poseidon::constants().matrix;
            (0..WIDTH)
                .map(|i| {
                    let mixed = boxed
                        .iter()
                        .zip(matrix[i])
                        .map(|(element, factor)| element.clone() * factor)
                        .reduce(|sum, term| sum + term)
                        .expect("a width above zero");
                    let next = meta.query_advice(self.chains, Rotation((WIDTH + i) as i32));
                    on.clone() * (mixed - next)
                })
                .collect::<Vec<_>>()
        });
    }
}

fn fifth_power<F: Field>(x: Expression<F>) -> Expression<F> {
    let square = x.clone() * x.clone();
    square.clone() * square * x
}
