//! Lays gates one below the other, on each of the two columns.

use halo2_axiom::{
    circuit::{Cell, Region, Value},
    halo2curves::{bn256::Fr, ff::PrimeField},
    plonk::{Advice, Column, Error},
};

use super::gates::{DIGIT_BITS, Gates};
use crate::poseidon::{self, ROUNDS, WIDTH};

/// A cell that holds a value; using it elsewhere copies it there.
#[derive(Clone, Copy)]
pub struct Wire {
    pub cell: Cell,
    value: Value<Fr>,
}

/// One of the columns, and the first row that is free on it.
struct Pen {
    column: Column<Advice>,
    row: usize,
}

pub struct Strip<'a, 'r> {
    gates: &'a Gates,
    region: Region<'r, Fr>,
    sums: Pen,
    chains: Pen,
    /// A cell (column, row) that gets a value one too high.
    #[cfg(test)]
    pub fault: Option<(usize, usize)>,
}

impl<'a, 'r> Strip<'a, 'r> {
    pub fn new(gates: &'a Gates, region: Region<'r, Fr>) -> Self {
        Self {
            gates,
            region,
            sums: Pen { column: gates.sums, row: 0 },
            chains: Pen { column: gates.chains, row: 0 },
            #[cfg(test)]
            fault: None,
        }
    }

    /// Rows used on each column.
    #[cfg(test)]
    pub fn rows(&self) -> [usize; 2] {
        [self.sums.row, self.chains.row]
    }

    pub fn equal(&mut self, left: Wire, right: Wire) {
        self.region.constrain_equal(left.cell, right.cell);
    }

    /// A new cell that nothing constrains yet.
    pub fn witness(&mut self, value: Value<Fr>) -> Wire {
        self.assign(|strip| &mut strip.chains, value)
    }

    /// A new cell that must hold `constant`.
    pub fn constant(&mut self, constant: Fr) -> Result<Wire, Error> {
        let row = self.chains.row;
        self.gates.pin.enable(&mut self.region, row)?;
        self.region.assign_fixed(self.gates.constant, row, constant);
        Ok(self.witness(Value::known(constant)))
    }

    /// A new cell that holds `x + y·z`.
    pub fn combine(&mut self, x: Wire, y: Wire, z: Wire) -> Result<Wire, Error> {
        // A chain of sums shares a cell: the one's result is the next one's `x`.
        let last = self.sums.row.wrapping_sub(1);
        let shared = x.cell.column == self.sums.column.into() && x.cell.row_offset == last;
        let top = if shared { last } else { self.sums.row };
        self.gates.combine.enable(&mut self.region, top)?;
        let operands = [x, y, z];
        for operand in &operands[usize::from(shared)..] {
            self.copy(|strip| &mut strip.sums, *operand);
        }
        Ok(self.assign(|strip| &mut strip.sums, x.value + y.value * z.value))
    }

    /// Holds `product` to `y·z`.
    pub fn assert_product(
        &mut self,
        y: Wire,
        z: Wire,
        product: Wire,
        zero: Wire,
    ) -> Result<(), Error> {
        let out = self.combine(zero, y, z)?;
        self.equal(out, product);
        Ok(())
    }

    /// A new cell that holds `from - less`.
    pub fn subtract(&mut self, from: Wire, less: Wire, one: Wire) -> Result<Wire, Error> {
        self.gates.combine.enable(&mut self.region, self.sums.row)?;
        self.copy(|strip| &mut strip.sums, less);
        let difference = self.assign(|strip| &mut strip.sums, from.value - less.value);
        self.copy(|strip| &mut strip.sums, one);
        self.copy(|strip| &mut strip.sums, from);
        Ok(difference)
    }

    /// Holds `value` to `[0, 4^digits)`: each cell below is the one above without its lowest
    /// digit, and the last is zero.
    pub fn range(&mut self, value: Wire, digits: usize, zero: Wire) -> Result<(), Error> {
        let mut rest = self.copy(|strip| &mut strip.chains, value);
        for _ in 0..digits {
            self.gates.digit.enable(&mut self.region, self.chains.row - 1)?;
            rest = self.witness(rest.value.map(drop_digit));
        }
        self.equal(rest, zero);
        Ok(())
    }

    /// The Poseidon permutation.
    pub fn permute(&mut self, state: [Wire; WIDTH]) -> Result<[Wire; WIDTH], Error> {
        let mut state = state.map(|element| self.copy(|strip| &mut strip.chains, element));
        for round in 0..ROUNDS {
            let top = self.chains.row - WIDTH;
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

    fn copy(&mut self, pen: impl Fn(&mut Self) -> &mut Pen, wire: Wire) -> Wire {
        let copy = self.assign(pen, wire.value);
        self.equal(copy, wire);
        copy
    }

    fn assign(&mut self, pen: impl Fn(&mut Self) -> &mut Pen, value: Value<Fr>) -> Wire {
        let Pen { column, row } = *pen(self);
        pen(self).row += 1;
        let assigned = value;
        #[cfg(test)]
        let assigned = if self.fault == Some((column.index(), row)) {
            assigned.map(|value| value + Fr::one())
        } else {
            assigned
        };
        let cell = self.region.assign_advice(column, row, assigned).cell();
        Wire { cell, value }
    }
}

/// `(value - digit) / 4`, for any field element.
fn drop_digit(value: Fr) -> Fr {
    let base = 1u64 << DIGIT_BITS;
    let digit = u64::from(value.to_repr()[0]) % base;
    let inverse = Fr::from(base).invert().expect("a base above zero");
    (value - Fr::from(digit)) * inverse
}
