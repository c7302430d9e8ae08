//! Lays gates one below the other on the witness column.

use halo2_axiom::{
    circuit::{Cell, Region, Value},
    halo2curves::{
        bn256::Fr,
        ff::PrimeField,
    },
    plonk::Error,
};

use super::gates::{DIGIT_BITS, Gates};
use crate::poseidon::{self, ROUNDS, WIDTH};

/// A cell that holds a value; using it elsewhere copies it there.
#[derive(Clone, Copy)]
pub struct Wire {
    pub cell: Cell,
    value: Value<Fr>,
}

pub struct Strip<'a, 'r> {
    gates: &'a Gates,
    region: Region<'r, Fr>,
    row: usize,
    /// A row whose cell gets a value one too high.
    #[cfg(test)]
    pub fault: Option<usize>,
}

impl<'a, 'r> Strip<'a, 'r> {
    pub fn new(gates: &'a Gates, region: Region<'r, Fr>) -> Self {
        Self {
            gates,
            region,
            row: 0,
            #[cfg(test)]
            fault: None,
        }
    }

    /// Rows used so far.
    #[cfg(test)]
    pub fn rows(&self) -> usize {
        self.row
    }

    /// A new cell that nothing constrains yet.
    pub fn witness(&mut self, value: Value<Fr>) -> Wire {
        let assigned = value;
        #[cfg(test)]
        let assigned =
            if self.fault == Some(self.row) { assigned.map(|v| v + Fr::one()) } else { assigned };
        let cell = self.region.assign_advice(self.gates.witness, self.row, assigned).cell();
        self.row += 1;
        Wire { cell, value }
    }

    pub fn equal(&mut self, left: Wire, right: Wire) {
        self.region.constrain_equal(left.cell, right.cell);
    }

    /// A new cell that must hold `constant`.
    pub fn constant(&mut self, constant: Fr) -> Result<Wire, Error> {
        self.gates.pin.enable(&mut self.region, self.row)?;
        self.fix(0, constant);
        Ok(self.witness(Value::known(constant)))
    }

    /// A new cell that holds `factor·x + y·z`.
    pub fn combine(&mut self, factor: Fr, x: Wire, y: Wire, z: Wire) -> Result<Wire, Error> {
        self.gates.combine.enable(&mut self.region, self.row)?;
        self.fix(0, factor);
        let value = (x.value * Value::known(factor)) + (y.value * z.value);
        for operand in [x, y, z] {
            self.copy(operand);
        }
        Ok(self.witness(value))
    }

    /// Holds `value` to `[0, 4^digits)`: each cell below is the one above without its lowest
    /// digit, and the last is zero.
    pub fn range(&mut self, value: Wire, digits: usize, zero: Wire) -> Result<(), Error> {
        let mut rest = self.copy(value);
        for _ in 0..digits {
            self.gates.digit.enable(&mut self.region, self.row - 1)?;
            rest = self.witness(rest.value.map(drop_digit));
        }
        self.equal(rest, zero);
        Ok(())
    }

    /// The Poseidon permutation.
    pub fn permute(&mut self, state: [Wire; WIDTH]) -> Result<[Wire; WIDTH], Error> {
        let mut state = state.map(|element| self.copy(element));
        for round in 0..ROUNDS {
            let top = self.row - WIDTH;
            let selector =
                if poseidon::is_full(round) { self.gates.full } else { self.gates.partial };
            selector.enable(&mut self.region, top)?;
            for (i, constant) in poseidon::constants().round[round].into_iter().enumerate() {
                self.region.assign_fixed(self.gates.constant, top + i, constant);
            }
            let [s0, s1, s2] = state.map(|element| element.value);
            let next = s0
                .zip(s1)
                .zip(s2)
                .map(|((s0, s1), s2)| poseidon::apply_round(round, [s0, s1, s2]))
                .transpose_array();
            state = next.map(|value| self.witness(value));
        }
        Ok(state)
    }

    fn copy(&mut self, wire: Wire) -> Wire {
        let copy = self.witness(wire.value);
        self.equal(copy, wire);
        copy
    }

    fn fix(&mut self, offset: usize, constant: Fr) {
        self.region.assign_fixed(self.gates.constant, self.row + offset, constant);
    }
}

/// `(value - digit) / 4`, for any field element.
fn drop_digit(value: Fr) -> Fr {
    let base = 1u64 << DIGIT_BITS;
    let digit = u64::from(value.to_repr()[0]) % base;
    let inverse = Fr::from(base).invert().expect("a base above zero");
    (value - Fr::from(digit)) * inverse
}
