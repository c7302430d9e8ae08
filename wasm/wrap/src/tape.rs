//! Records a computation as cells, gates and copies, to be laid out in a circuit's columns.
//!
//! A cell has its value from the start: keys are made from the record of any run of the same shape.

use std::collections::HashMap;

use halo2_axiom::halo2curves::{
    bn256::Fr,
    ff::{Field as _, PrimeField as _},
};

use sha2::{Digest as _, Sha256};

use crate::poseidon2::{State, chip, chip::FIXED};

/// One cell of the circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cell {
    Base(u32),
    Constant(u32),
    /// Of a permutation: 0 to 2 are its inputs, 3 to 5 its outputs.
    Chip(u32, u8),
}

/// What a new cell of a region holds.
#[derive(Clone, Copy, Debug)]
pub enum Slot {
    Copy(Cell),
    New(Fr),
}

impl From<Cell> for Slot {
    fn from(cell: Cell) -> Self {
        Self::Copy(cell)
    }
}

/// A chain of this many steps stays in one column; a longer one is cut.
const CHAIN: usize = 64;

#[derive(Clone, Debug)]
pub struct Tape {
    /// The lookup table holds 0 to 2^this - 1.
    pub table_bits: usize,
    pub base: Vec<Fr>,
    /// Where regions start that must not be torn; each ends where the next starts.
    pub regions: Vec<u32>,
    /// First cells of gates: a, b, c, d with a + b c = d.
    pub gates: Vec<u32>,
    /// First cells of gates of digits: a, b, c, d with 2^31 a + b + `WEIGHT` c = d.
    pub digits: Vec<u32>,
    pub copies: Vec<(Cell, Cell)>,
    pub constants: Vec<Fr>,
    known: HashMap<[u8; 32], u32>,
    /// Input and output of each.
    pub permutations: Vec<(State, State)>,
    /// Cells in the table, with the value that their copies hold.
    pub lookups: Vec<(Cell, Fr)>,
    pub instances: Vec<Cell>,
}

impl Tape {
    pub fn new(table_bits: usize) -> Self {
        Self {
            table_bits,
            base: vec![],
            regions: vec![],
            gates: vec![],
            digits: vec![],
            copies: vec![],
            constants: vec![],
            known: HashMap::new(),
            permutations: vec![],
            lookups: vec![],
            instances: vec![],
        }
    }

    pub fn value(&self, cell: Cell) -> Fr {
        match cell {
            Cell::Base(index) => self.base[index as usize],
            Cell::Constant(index) => self.constants[index as usize],
            Cell::Chip(permutation, slot) => {
                let (input, output) = &self.permutations[permutation as usize];
                if slot < 3 { input[slot as usize] } else { output[slot as usize - 3] }
            }
        }
    }

    pub fn constant(&mut self, value: Fr) -> Cell {
        let next = self.constants.len() as u32;
        let index = *self.known.entry(value.to_repr()).or_insert(next);
        if index == next {
            self.constants.push(value);
        }
        Cell::Constant(index)
    }

    pub fn zero(&mut self) -> Cell {
        self.constant(Fr::ZERO)
    }

    pub fn one(&mut self) -> Cell {
        self.constant(Fr::ONE)
    }

    /// Lays cells one below the other, with gates that start at some of them.
    ///
    /// @return the cells
    pub fn region<const N: usize>(&mut self, slots: [Slot; N], gates: &[usize]) -> [Cell; N] {
        let start = self.lay(&slots, gates);
        std::array::from_fn(|i| Cell::Base(start + i as u32))
    }

    fn lay(&mut self, slots: &[Slot], gates: &[usize]) -> u32 {
        let start = self.base.len() as u32;
        self.regions.push(start);
        self.gates.extend(gates.iter().map(|gate| start + *gate as u32));
        for slot in slots {
            let cell = Cell::Base(self.base.len() as u32);
            let value = match *slot {
                Slot::New(value) => value,
                Slot::Copy(source) => {
                    self.copies.push((source, cell));
                    self.value(source)
                }
            };
            self.base.push(value);
        }
        start
    }

    /// Lays a + b c = d over and over, each d the next a.
    pub fn chain(&mut self, slots: &[Slot]) -> Vec<Cell> {
        let gates: Vec<_> = (0..slots.len() / 3).map(|i| 3 * i).collect();
        let start = self.lay(slots, &gates);
        (start..start + slots.len() as u32).map(Cell::Base).collect()
    }

    /// Lays 2^31 a + b + `WEIGHT` c = d over and over, each d the next a.
    pub fn digits(&mut self, slots: &[Slot]) -> Vec<Cell> {
        let start = self.lay(slots, &[]);
        self.digits.extend((0..slots.len() as u32 / 3).map(|i| start + 3 * i));
        (start..start + slots.len() as u32).map(Cell::Base).collect()
    }

    /// A value that nothing constrains yet.
    pub fn witness(&mut self, value: Fr) -> Cell {
        self.region([Slot::New(value)], &[])[0]
    }

    /// a + b c
    pub fn mul_add(&mut self, a: Cell, b: Cell, c: Cell) -> Cell {
        let value = self.value(a) + self.value(b) * self.value(c);
        self.region([a.into(), b.into(), c.into(), Slot::New(value)], &[0])[3]
    }

    pub fn add(&mut self, a: Cell, b: Cell) -> Cell {
        let one = self.one();
        self.mul_add(a, one, b)
    }

    pub fn mul(&mut self, a: Cell, b: Cell) -> Cell {
        let zero = self.zero();
        self.mul_add(zero, a, b)
    }

    /// a - b
    pub fn sub(&mut self, a: Cell, b: Cell) -> Cell {
        let (one, value) = (self.one(), self.value(a) - self.value(b));
        self.region([Slot::New(value), one.into(), b.into(), a.into()], &[0])[0]
    }

    /// start + the sum of products; three cells each.
    pub fn sum_products(&mut self, start: Cell, pairs: &[(Cell, Cell)]) -> Cell {
        let mut sum = start;
        for chunk in pairs.chunks(CHAIN) {
            let mut slots = vec![sum.into()];
            let mut value = self.value(sum);
            for &(a, b) in chunk {
                value += self.value(a) * self.value(b);
                slots.extend([a.into(), b.into(), Slot::New(value)]);
            }
            sum = self.chain(&slots)[3 * chunk.len()];
        }
        sum
    }

    /// The same with constant factors.
    pub fn sum_scaled(&mut self, start: Cell, terms: &[(Fr, Cell)]) -> Cell {
        let pairs: Vec<_> =
            terms.iter().map(|&(factor, cell)| (self.constant(factor), cell)).collect();
        self.sum_products(start, &pairs)
    }

    pub fn assert_equal(&mut self, a: Cell, b: Cell) {
        self.copies.push((a, b));
    }

    pub fn assert_bit(&mut self, bit: Cell) {
        let zero = self.zero();
        self.region([zero.into(), bit.into(), bit.into(), bit.into()], &[0]);
    }

    /// (a, b), or (b, a) where the bit is 1.
    pub fn swap(&mut self, bit: Cell, a: Cell, b: Cell) -> (Cell, Cell) {
        let one = self.one();
        let difference = self.value(b) - self.value(a);
        let difference =
            self.region([a.into(), one.into(), Slot::New(difference), b.into()], &[0])[2];
        let left = self.mul_add(a, bit, difference);
        let right = Slot::New(self.value(b) - self.value(bit) * self.value(difference));
        let right = self.region([right, bit.into(), difference.into(), b.into()], &[0])[0];
        (left, right)
    }

    /// That a value is below 2^bits.
    pub fn assert_bits(&mut self, cell: Cell, bits: usize) {
        let table = self.table_bits;
        let (limbs, rest) = (bits.div_ceil(table), bits % table);
        let repr = self.value(cell).to_repr();
        let bit = |i: usize| u64::from(repr[i / 8] >> (i % 8) & 1);
        let limb = |n: usize| (0..table).map(|i| bit(n * table + i) << i).sum::<u64>();
        let mut last = cell;
        if limbs > 1 {
            let mut slots = vec![Slot::New(limb(0).into())];
            let mut sum = Fr::from(limb(0));
            let radix = Fr::from(1 << table);
            let mut weight = Fr::ONE;
            for n in 1..limbs {
                weight *= radix;
                sum += weight * Fr::from(limb(n));
                let weight = self.constant(weight);
                let sum = if n + 1 == limbs { cell.into() } else { Slot::New(sum) };
                slots.extend([weight.into(), Slot::New(limb(n).into()), sum]);
            }
            let cells = self.chain(&slots);
            self.assert_in_table(cells[0]);
            for n in 1..limbs {
                last = cells[3 * n - 1];
                self.assert_in_table(last);
            }
        } else {
            self.assert_in_table(cell);
        }
        if rest != 0 {
            let scale = self.constant(Fr::from(1 << (table - rest)));
            let scaled = self.mul(last, scale);
            self.assert_in_table(scaled);
        }
    }

    /// That a value is below 2^table_bits.
    pub fn assert_in_table(&mut self, cell: Cell) {
        self.lookups.push((cell, self.value(cell)));
    }

    /// Poseidon2; of constants it is a constant.
    pub fn permute(&mut self, inputs: [Cell; 3]) -> [Cell; 3] {
        let input = inputs.map(|cell| self.value(cell));
        let output = chip::permute(input);
        if inputs.iter().all(|cell| matches!(cell, Cell::Constant(_))) {
            return output.map(|value| self.constant(value));
        }
        let index = self.permutations.len() as u32;
        self.permutations.push((input, output));
        self.copies.extend((0..3).map(|i| (inputs[i as usize], Cell::Chip(index, i))));
        [3, 4, 5].map(|slot| Cell::Chip(index, slot))
    }

    /// SHA-256 of all of the record but its values, and of the chip's fixed columns: what keys are made
    /// of.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let sizes = [self.table_bits, self.base.len(), self.permutations.len()];
        hash.update(format!("{sizes:?} {:?} {:?}", self.constants, *FIXED));
        for numbers in [&self.regions, &self.gates, &self.digits] {
            hash.update((numbers.len() as u64).to_le_bytes());
            numbers.iter().for_each(|number| hash.update(number.to_le_bytes()));
        }
        let mut cell = |cell: &Cell| {
            let (kind, index, slot) = match *cell {
                Cell::Base(index) => (0, index, 0),
                Cell::Constant(index) => (1, index, 0),
                Cell::Chip(index, slot) => (2, index, slot),
            };
            hash.update([kind, slot]);
            hash.update(index.to_le_bytes());
        };
        self.copies.iter().for_each(|(a, b)| [a, b].into_iter().for_each(&mut cell));
        self.lookups.iter().for_each(|(of, _)| cell(of));
        self.instances.iter().for_each(&mut cell);
        let counts = [self.copies.len(), self.lookups.len(), self.instances.len()];
        hash.update(format!("{counts:?}"));
        hash.finalize().into()
    }

    /// Makes a value public, after those before it.
    pub fn expose(&mut self, cell: Cell) {
        self.instances.push(cell);
    }

    /// The public values.
    pub fn instance(&self) -> Vec<Fr> {
        self.instances.iter().map(|cell| self.value(*cell)).collect()
    }
}
