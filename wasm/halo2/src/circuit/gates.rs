//! The columns and gates.
//!
//! All of the witness stands in one column, so that there is little for a chain to check; the
//! cells of a gate stand below one another, the first on the row of its selector.
//!
//! | gate      | cells                  | holds                                            |
//! |-----------|------------------------|--------------------------------------------------|
//! | `pin`     | `a`                    | `a = constant`                                   |
//! | `combine` | `x, y, z, out`         | `out = constant·x + y·z`                         |
//! | `digit`   | `a, b`                 | `a - 4b` is 0, 1, 2 or 3                         |
//! | `full`    | `s0..s2`, next `s0..s2`| a Poseidon round with the S-box on all elements  |
//! | `partial` | the same               | a Poseidon round with the S-box on `s0` only     |

use halo2_axiom::{
    halo2curves::{bn256::Fr, ff::Field},
    plonk::{Advice, Column, ConstraintSystem, Expression, Fixed, Instance, Selector},
    poly::Rotation,
};

use crate::poseidon::{self, WIDTH};

/// Bits of a digit: four values keep the gate's degree below the S-box's.
pub const DIGIT_BITS: usize = 2;

#[derive(Clone, Debug)]
pub struct Gates {
    pub witness: Column<Advice>,
    pub constant: Column<Fixed>,
    pub public: Column<Instance>,
    pub pin: Selector,
    pub combine: Selector,
    pub digit: Selector,
    pub full: Selector,
    pub partial: Selector,
}

impl Gates {
    pub fn new(meta: &mut ConstraintSystem<Fr>) -> Self {
        let gates = Self {
            witness: meta.advice_column(),
            constant: meta.fixed_column(),
            public: meta.instance_column(),
            pin: meta.selector(),
            combine: meta.selector(),
            digit: meta.selector(),
            full: meta.selector(),
            partial: meta.selector(),
        };
        meta.enable_equality(gates.witness);
        meta.enable_equality(gates.public);
        gates.pin(meta);
        gates.combine(meta);
        gates.digit(meta);
        gates.round(meta, true);
        gates.round(meta, false);
        // halo2-axiom caps the degree at 5, or at an environment variable, unless told otherwise.
        meta.set_minimum_degree(6);
        gates
    }

    fn pin(&self, meta: &mut ConstraintSystem<Fr>) {
        meta.create_gate("pin", |meta| {
            let on = meta.query_selector(self.pin);
            let a = meta.query_advice(self.witness, Rotation::cur());
            let constant = meta.query_fixed(self.constant, Rotation::cur());
            [on * (a - constant)]
        });
    }

    fn combine(&self, meta: &mut ConstraintSystem<Fr>) {
        meta.create_gate("combine", |meta| {
            let on = meta.query_selector(self.combine);
            let constant = meta.query_fixed(self.constant, Rotation::cur());
            let [x, y, z, out] = [0, 1, 2, 3].map(|i| meta.query_advice(self.witness, Rotation(i)));
            [on * (constant * x + y * z - out)]
        });
    }

    fn digit(&self, meta: &mut ConstraintSystem<Fr>) {
        meta.create_gate("digit", |meta| {
            let on = meta.query_selector(self.digit);
            let a = meta.query_advice(self.witness, Rotation::cur());
            let b = meta.query_advice(self.witness, Rotation::next());
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
                    let element = meta.query_advice(self.witness, Rotation(i as i32));
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
                    let next = meta.query_advice(self.witness, Rotation((WIDTH + i) as i32));
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
